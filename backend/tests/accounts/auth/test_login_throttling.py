"""Guessing: how slow it gets, whom it shuts out, and whom it does not."""

from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.auth import login_throttling
from accounts.auth.login import WrongCredentials, check_login, log_in
from accounts.auth.login_throttling import (
    NO_CLIENT,
    ClientContext,
    client_context,
    forget_attempts,
    login_key,
    network_key,
    purge_attempt_counts,
    remember_device,
    reserve_attempt,
)
from accounts.auth.passwords import refuse_wrong_password
from accounts.auth.second_factor import InvalidCode
from accounts.auth.sessions import open_session
from accounts.models import AttemptCount
from accounts.roles.bans import ban_user
from common.http.errors import AppError, Throttled
from tests.at_once import run_at_once
from tests.cast import PASSWORD, give_second_factor, make_user, totp_code

pytestmark = pytest.mark.django_db
HOME, ELSEWHERE = ClientContext(network_key("192.0.2.7")), ClientContext(network_key("203.0.113.9"))
DAY_SECONDS = 86_400


def somewhere(number: int) -> ClientContext:
    return ClientContext(network_key(f"10.{number // 250}.{number % 250}.1"))


def guess(login: str = "rina", password: str = "wrong", client: ClientContext = ELSEWHERE) -> str:
    """Try once; returns the code of the refusal, "in" without one."""
    try:
        check_login(login, password, client=client)
    except AppError as error:
        return error.code
    return "in"


def on_device_of(
    user, client: ClientContext = ELSEWHERE, *, logged_in: bool = True
) -> ClientContext:
    """Where the browser stands after `user` has logged in with it."""
    response = HttpResponse()
    remember_device(response, user, client, logged_in=logged_in)
    request = RequestFactory().get("/")
    request.COOKIES.update({name: cookie.value for name, cookie in response.cookies.items()})
    return ClientContext(client.network, client_context(request).devices)


# --- Slower and slower --------------------------------------------------------------------------


def test_five_are_free_then_each_waits_twice_as_long(reader_rina, attempts_clock):
    assert [guess() for _ in range(5)] == ["invalid_credentials"] * 5

    waits = []
    for _ in range(12):
        with pytest.raises(Throttled) as refused:
            check_login("rina", PASSWORD, client=ELSEWHERE)
        waits.append(refused.value.retry_after_seconds)
        attempts_clock(waits[-1])
        assert guess() == "invalid_credentials"

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_a_shut_door_says_the_same_to_right_and_wrong(reader_rina):
    for _ in range(5):
        guess()

    assert guess(password="wrong") == guess(password=PASSWORD) == "throttled"


def test_a_shut_door_checks_nothing(reader_rina, hashed):
    for _ in range(5):
        guess()
    hashed.clear()

    guess(password=PASSWORD)

    assert hashed == []


def test_waiting_is_not_made_longer_by_asking(reader_rina, attempts_clock):
    for _ in range(5):
        guess()
    for _ in range(20):
        guess()

    attempts_clock(1)

    assert guess(password=PASSWORD) == "in"


def test_of_guesses_from_a_thousand_networks_few_are_checked_in_a_day(reader_rina, attempts_clock):
    checked = 0
    for number in range(1_000):
        attempts_clock(DAY_SECONDS / 1_000)
        checked += guess(client=somewhere(number % 1000)) == "invalid_credentials"

    assert 50 < checked <= 110


def test_the_fastest_guesser_gets_no_more_than_is_promised(reader_rina, attempts_clock):
    checked = passed_seconds = 0
    while passed_seconds < DAY_SECONDS:
        try:
            check_login("rina", "wrong", client=somewhere(checked))
        except Throttled as shut:
            attempts_clock(shut.retry_after_seconds)
            passed_seconds += shut.retry_after_seconds
        except WrongCredentials:
            checked += 1

    assert checked <= 110  # as .env.example says


def test_a_wrong_one_is_forgotten_in_an_hour(reader_rina, attempts_clock):
    for _ in range(5):
        guess()
    attempts_clock(3600)

    assert guess() == "invalid_credentials"
    assert guess() == "throttled"


def test_right_ones_count_for_nothing(reader_rina):
    for _ in range(20):
        assert guess(password=PASSWORD) == "in"

    assert not AttemptCount.objects.filter(count__gt=0).exists()


def test_a_door_that_only_right_ones_shut_opens_when_they_are_through(reader_rina):
    limiters = login_throttling.password_limiters("rina", reader_rina, ELSEWHERE)
    for _ in range(5):
        reserve_attempt(limiters)
    assert guess(password=PASSWORD) == "throttled"

    login_throttling.release_attempt(limiters)

    assert guess(password=PASSWORD) == "in"


def test_but_not_one_that_wrong_ones_have_shut(reader_rina, attempts_clock):
    for _ in range(5):
        guess()
    attempts_clock(1)
    assert guess() == "invalid_credentials"
    attempts_clock(2)

    assert guess(password=PASSWORD) == "in"  # and counts no more than before
    assert guess(password=PASSWORD) == "throttled"


def test_a_right_one_does_not_wipe_out_what_others_did(reader_rina):
    for _ in range(4):
        guess(client=somewhere(1))
    assert guess(password=PASSWORD, client=somewhere(2)) == "in"

    guess(client=somewhere(3))

    assert guess(client=somewhere(4)) == "throttled"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_counted_like_many_in_a_row(reader_rina):
    outcomes = run_at_once(*[partial(guess, client=somewhere(n)) for n in range(20)])

    assert outcomes.count("invalid_credentials") == 5
    assert outcomes.count("throttled") == 15


@pytest.mark.django_db(transaction=True)
def test_no_count_is_lost(reader_rina):
    limiter = login_throttling.Limiter("x" * 64, 100, 3600, 900)

    assert run_at_once(*[partial(reserve_attempt, [limiter])] * 12) == [None] * 12

    assert AttemptCount.objects.get(key=limiter.key).count == 12


# --- Nobody is shut out by others ---------------------------------------------------------------


def test_strangers_do_not_shut_out_a_device_that_was_used_before(reader_rina):
    device = on_device_of(reader_rina)
    for number in range(30):
        guess(client=somewhere(number))
    assert guess(password=PASSWORD, client=HOME) == "throttled"

    assert guess(password=PASSWORD, client=device) == "in"


def test_a_known_device_counts_by_itself(reader_rina):
    device, other = on_device_of(reader_rina), on_device_of(reader_rina)
    for _ in range(5):
        assert guess(client=device) == "invalid_credentials"

    assert guess(password=PASSWORD, client=device) == "throttled"
    assert guess(password=PASSWORD, client=other) == "in"
    assert guess(password=PASSWORD, client=ELSEWHERE) == "in"


def test_a_login_clears_that_device_only(reader_rina):
    device, other = on_device_of(reader_rina), on_device_of(reader_rina)
    for client in (device, other):
        for _ in range(4):
            guess(client=client)

    log_in("rina", PASSWORD, client=device)
    for client in (device, other):
        guess(client=client)

    assert guess(client=device) == "invalid_credentials"
    assert guess(client=other) == "throttled"


def test_a_device_is_known_for_its_people_only(reader_rina, uploader_uli):
    device = on_device_of(reader_rina)
    for _ in range(5):
        guess("uli", client=somewhere(1))

    assert guess("uli", PASSWORD, client=device) == "throttled"


def test_two_people_of_one_browser_are_both_known(reader_rina, uploader_uli):
    device = on_device_of(uploader_uli, on_device_of(reader_rina))

    assert set(device.devices) == {reader_rina.pk, uploader_uli.pk}


@pytest.mark.parametrize("cookie", ["", "x", "WzEsMl0:1abc:xyz"])
def test_a_forged_device_is_a_stranger(cookie, settings):
    request = RequestFactory().get("/")
    request.COOKIES[settings.DEVICE_COOKIE_NAME] = cookie

    assert client_context(request).devices == {}


def test_strangers_do_not_shut_out_a_network_where_one_is_logged_in(reader_rina):
    open_session(reader_rina, network=HOME.network)
    for number in range(30):
        guess(client=somewhere(number))

    assert guess(password=PASSWORD, client=ELSEWHERE) == "throttled"
    assert guess(password=PASSWORD, client=HOME) == "in"


def test_nor_those_who_guess_in_that_network(reader_rina, settings):
    settings.GUESSES_FREE_OF_NETWORK = 8
    open_session(reader_rina, network=HOME.network)
    for number in range(8):
        guess(f"somebody{number}", client=HOME)
    assert guess("another", client=HOME) == "throttled"

    assert guess(password=PASSWORD, client=HOME) == "in"
    assert [guess(client=HOME) for _ in range(6)] == ["invalid_credentials"] * 5 + ["throttled"]


def test_who_is_at_home_counts_for_the_network_and_neither_shuts_nor_opens_it(
    reader_rina, uploader_uli, settings, attempts_clock
):
    settings.GUESSES_FREE_OF_NETWORK = 8
    open_session(reader_rina, network=HOME.network)
    for number in range(5):
        guess(f"somebody{number}", client=HOME)
    for _ in range(2):
        guess(client=HOME)

    assert guess("another", client=HOME) == "invalid_credentials"
    for _ in range(9):
        assert guess(password=PASSWORD, client=HOME) == "in"
    assert guess("another", client=HOME) == "throttled"


def test_at_home_a_guess_is_the_same_work(reader_rina, hashed):
    open_session(reader_rina, network=HOME.network)
    guess("warm", client=HOME)
    seen = []
    for name in ("nobody", "rina"):
        for password in ("wrong", "wrong", PASSWORD):
            hashed.clear()
            with CaptureQueriesContext(connection) as queries:
                code = guess(name, password, client=HOME)
            seen.append((code, len(hashed), [q["sql"].split(" ")[0] for q in queries]))

    assert seen[:2] == seen[3:5]
    assert seen[5][0] == "in"


def test_an_unknown_network_is_nobodys_home(reader_rina):
    open_session(reader_rina)  # from nowhere that is known
    for _ in range(5):
        guess(client=NO_CLIENT)

    assert guess(password=PASSWORD, client=ELSEWHERE) == "throttled"


def test_who_has_proved_by_mail_who_they_are_comes_in(reader_rina):
    for login in ("rina", "rina@example.test"):
        for _ in range(5):
            guess(login)

    forget_attempts(reader_rina)

    assert guess("rina", PASSWORD) == guess("RINA@example.test", PASSWORD) == "in"


# --- One network, many accounts -----------------------------------------------------------------


def test_a_network_that_tries_many_accounts_is_slowed_down(db, settings):
    settings.GUESSES_FREE_OF_NETWORK = 8
    for number in range(8):
        assert guess(f"somebody{number}") == "invalid_credentials"

    assert guess("another") == "throttled"
    assert guess("another", client=HOME) == "invalid_credentials"


def test_but_not_those_whose_device_is_known(reader_rina, settings):
    settings.GUESSES_FREE_OF_NETWORK = 8
    device = on_device_of(reader_rina)
    for number in range(20):
        guess(f"somebody{number}")

    assert guess(password=PASSWORD, client=device) == "in"


def test_a_shut_account_does_not_count_for_the_network(reader_rina, settings):
    settings.GUESSES_FREE_OF_NETWORK = 8
    for _ in range(50):
        guess()

    assert guess("another") == "invalid_credentials"


def test_a_crowd_that_errs_is_forgiven(db, settings, attempts_clock):
    settings.GUESSES_FREE_OF_NETWORK = 8
    for number in range(200):
        assert guess(f"somebody{number}") == "invalid_credentials"
        attempts_clock(60)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.250", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.9", True),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_what_one_network_is(one, other, is_same):
    assert (network_key(one) == network_key(other)) is is_same
    assert one not in network_key(one)


# --- Nothing is told ----------------------------------------------------------------------------


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """How often a password was hashed."""
    calls: list[str] = []
    real = hashers.MD5PasswordHasher.encode

    def encode(self, password, salt):
        calls.append(password)
        return real(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", encode)
    return calls


@pytest.fixture
def people(moderator_mo):
    """Everybody whose password is wrong, in one way or another."""
    make_user("wrong")
    ban_user(make_user("banned"), moderator=moderator_mo, reason="Spam.")
    without = make_user("without")
    without.set_unusable_password()
    without.save()
    gone = make_user("inactive")
    gone.is_active = False
    gone.save()
    give_second_factor(make_user("guarded"))
    make_user("unconfirmed", confirmed=False)


@pytest.mark.parametrize("suffix", ["", "@example.test"])
def test_every_wrong_one_is_the_same_answer_and_the_same_work(suffix, people, hashed):
    seen: dict[str, tuple[str, int, int]] = {}
    for name in ("nobody", "wrong", "banned", "without", "inactive", "guarded", "unconfirmed"):
        hashed.clear()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            code = guess(f"{name}{suffix}", client=somewhere(len(seen)))
        shapes = tuple(query["sql"].split(" WHERE")[0] for query in queries.captured_queries)
        seen[name] = (code, len(hashed), len(shapes))

    assert len(set(seen.values())) == 1, seen
    assert seen["nobody"][:2] == ("invalid_credentials", 1)


@pytest.mark.parametrize("suffix", ["", "@example.test"])
def test_a_name_that_nobody_has_is_shut_like_any_other(suffix, people):
    def course(name: str) -> list[str]:
        return [guess(f"{name}{suffix}", client=somewhere(n)) for n in range(8)]

    assert course("nobody") == course("wrong") == course("banned")


@pytest.mark.parametrize("suffix", ["", "@example.test"])
def test_a_shut_door_is_the_same_work_for_every_name(suffix, people, hashed):
    seen: dict[str, tuple[str, int, int]] = {}
    for name in ("nobody", "wrong", "banned", "without", "inactive", "guarded", "unconfirmed"):
        for number in range(5):
            guess(f"{name}{suffix}", client=somewhere(number))
        hashed.clear()
        with CaptureQueriesContext(connection) as queries:
            code = guess(f"{name}{suffix}", PASSWORD, client=ELSEWHERE)
        seen[name] = (code, len(hashed), len(queries.captured_queries))

    assert len(set(seen.values())) == 1, seen
    assert seen["nobody"][:2] == ("throttled", 0)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_locked_while_a_password_is_hashed(reader_rina, monkeypatch):
    in_transaction = []
    real = hashers.MD5PasswordHasher.encode

    def encode(self, password, salt):
        in_transaction.append(connection.in_atomic_block)
        return real(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", encode)

    for password in ("wrong", PASSWORD):
        guess(password=password)
        guess("nobody", password)

    assert in_transaction == [False] * 4


def test_an_address_is_not_shut_with_its_name(reader_rina):
    for _ in range(6):
        guess("rina")

    assert guess("rina@example.test") == "invalid_credentials"


@pytest.mark.parametrize("spelled", ["rina", "RINA", " rina ", "ｒｉｎａ"])
def test_spellings_of_a_name_share_a_counter(spelled):
    assert login_key(spelled) == login_key("rina")


@pytest.mark.parametrize("spelled", ["RINA@EXAMPLE.TEST", "rına@example.test", "Rina@Example.test"])
def test_spellings_of_an_address_share_a_counter(spelled):
    assert login_key(spelled) == login_key("rina@example.test")


def test_keys_say_nothing(reader_rina):
    guess()

    assert not [row for row in AttemptCount.objects.values_list("key", flat=True) if "rina" in row]


# --- Codes, and passwords asked for again -------------------------------------------------------


def test_codes_are_counted_apart_and_slower(reader_rina, attempts_clock):
    secret = give_second_factor(reader_rina)
    for _ in range(5):
        with pytest.raises(InvalidCode):
            log_in("rina", PASSWORD, client=ELSEWHERE, code="000000")

    with pytest.raises(Throttled):
        log_in("rina", PASSWORD, client=ELSEWHERE, code=totp_code(secret))
    assert guess(password=PASSWORD) == "in"
    log_in("rina", PASSWORD, client=on_device_of(reader_rina), code=totp_code(secret))


def test_few_codes_are_checked_in_a_day(reader_rina, attempts_clock):
    give_second_factor(reader_rina)
    checked = passed_seconds = 0
    while passed_seconds < DAY_SECONDS:
        try:
            log_in("rina", PASSWORD, client=somewhere(checked), code="000000")
        except Throttled as shut:
            attempts_clock(shut.retry_after_seconds)
            passed_seconds += shut.retry_after_seconds
        except InvalidCode:
            checked += 1

    assert checked <= 40


def test_a_reset_by_mail_does_not_help_who_guesses_codes(reader_rina):
    secret = give_second_factor(reader_rina)
    for _ in range(5):
        with pytest.raises(InvalidCode):
            log_in("rina", PASSWORD, client=ELSEWHERE, code="000000")

    forget_attempts(reader_rina)

    with pytest.raises(Throttled):
        log_in("rina", PASSWORD, client=ELSEWHERE, code=totp_code(secret))


def test_nor_does_the_device_of_the_reset(reader_rina):
    secret = give_second_factor(reader_rina)
    for _ in range(5):
        client = on_device_of(reader_rina, logged_in=False)
        with pytest.raises(InvalidCode):
            log_in("rina", PASSWORD, client=client, code="000000")

    client = on_device_of(reader_rina, logged_in=False)
    with pytest.raises(Throttled):
        log_in("rina", PASSWORD, client=client, code=totp_code(secret))


def test_a_password_asked_for_again_is_a_guess(reader_rina):
    for _ in range(5):
        with pytest.raises(AppError, match="password is wrong"):
            refuse_wrong_password(reader_rina, "wrong")

    with pytest.raises(Throttled):
        refuse_wrong_password(reader_rina, PASSWORD)


# --- Housekeeping -------------------------------------------------------------------------------


def test_old_counters_go(reader_rina):
    guess()
    AttemptCount.objects.filter(pk=AttemptCount.objects.first().pk).update(
        changed_at=timezone.now() - timedelta(days=4)
    )

    assert purge_attempt_counts() == 1
    assert AttemptCount.objects.count() == 1
