"""A second factor as stories: codes are good once, secrets are sealed, who may do without."""

import json
import time
from datetime import timedelta
from functools import partial

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.auth import second_factor
from accounts.auth.sealing import CannotOpen, open_sealed, seal
from accounts.auth.second_factor import (
    InvalidCode,
    SecondFactorRequired,
    begin_second_factor,
    confirm_second_factor,
    has_second_factor,
    must_have_second_factor,
    remove_second_factor,
    renew_recovery_codes,
    second_factor_state,
    spend_code,
    turn_off_second_factor,
)
from accounts.models import AuditEntry, OutgoingEmail
from common.http.errors import AlreadyDecided, Forbidden, Throttled
from tests.at_once import run_at_once
from tests.cast import PASSWORD, give_second_factor, totp_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_step(monkeypatch):
    """Let the clock of codes stand at one half minute after another."""

    def set_step(step: int) -> None:
        monkeypatch.setattr(time, "time", lambda: step * 30 + 5)

    return set_step


def enrol(user) -> tuple[str, list[str]]:
    enrolment = begin_second_factor(user)
    codes = confirm_second_factor(
        user, enrolment=enrolment.sealed, code=totp_code(enrolment.secret)
    )
    return enrolment.secret, codes


def kinds(user) -> list[str]:
    return list(
        OutgoingEmail.objects.filter(user=user).order_by("pk").values_list("kind", flat=True)
    )


def test_it_is_on_once_the_app_has_shown_a_code(reader_rina):
    enrolment = begin_second_factor(reader_rina)
    assert not has_second_factor(reader_rina)

    codes = confirm_second_factor(
        reader_rina, enrolment=enrolment.sealed, code=totp_code(enrolment.secret)
    )

    assert has_second_factor(reader_rina)
    assert len(set(codes)) == 10
    assert second_factor_state(reader_rina).recovery_codes_left == 10
    assert kinds(reader_rina) == ["second_factor_on"]


def test_the_apps_entry_names_the_site_and_the_person(reader_rina, settings):
    enrolment = begin_second_factor(reader_rina)

    assert enrolment.uri.startswith("otpauth://totp/MangaKG:rina?secret=")
    assert "issuer=MangaKG" in enrolment.uri
    assert reader_rina.email not in enrolment.uri
    assert enrolment.qr.startswith("data:image/svg+xml;base64,")


def test_nothing_secret_stands_in_the_database(reader_rina):
    secret, codes = enrol(reader_rina)

    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not [code for code in codes if code.replace("-", "") in stored]


def test_an_enrolment_is_one_persons_and_not_for_long(reader_rina, uploader_uli, monkeypatch):
    enrolment = begin_second_factor(reader_rina)
    code = totp_code(enrolment.secret)

    with pytest.raises(InvalidCode):
        confirm_second_factor(uploader_uli, enrolment=enrolment.sealed, code=code)
    with pytest.raises(InvalidCode):
        confirm_second_factor(reader_rina, enrolment=f"{enrolment.sealed[:-4]}AAAA", code=code)
    monkeypatch.setattr(second_factor, "ENROLMENT_SECONDS", -1)
    with pytest.raises(InvalidCode):
        confirm_second_factor(reader_rina, enrolment=enrolment.sealed, code=code)
    assert not has_second_factor(reader_rina)


def test_a_second_one_is_refused(reader_rina):
    first, second = begin_second_factor(reader_rina), begin_second_factor(reader_rina)
    confirm_second_factor(reader_rina, enrolment=first.sealed, code=totp_code(first.secret))

    with pytest.raises(AlreadyDecided):
        confirm_second_factor(reader_rina, enrolment=second.sealed, code=totp_code(second.secret))
    with pytest.raises(AlreadyDecided):
        begin_second_factor(reader_rina)


def test_what_is_sealed_for_one_purpose_opens_for_no_other():
    sealed = seal("ala-kiyiz", purpose="one")

    assert open_sealed(sealed, purpose="one") == "ala-kiyiz"
    with pytest.raises(CannotOpen):
        open_sealed(sealed, purpose="another")


def test_a_secret_of_another_key_is_a_wrong_code_and_no_fault(reader_rina, caplog):
    secret = give_second_factor(reader_rina)
    Authenticator.objects.filter(type="totp").update(data={"secret": seal("x", purpose="else")})

    with pytest.raises(InvalidCode):
        spend_code(reader_rina, totp_code(secret))
    assert "sealed_with_another_key" in caplog.text


# --- Codes of the app ---------------------------------------------------------------------------


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off(off, reader_rina, at_step):
    secret = give_second_factor(reader_rina)
    at_step(1000)

    spend_code(reader_rina, totp_code(secret, steps=off))


@pytest.mark.parametrize("off", [-2, 2])
def test_and_no_more(off, reader_rina, at_step):
    secret = give_second_factor(reader_rina)
    at_step(1000)

    with pytest.raises(InvalidCode):
        spend_code(reader_rina, totp_code(secret, steps=off))


def test_a_code_is_good_once_as_long_as_it_is_good(reader_rina, at_step):
    secret = give_second_factor(reader_rina)
    at_step(1000)
    code = totp_code(secret)
    spend_code(reader_rina, code)

    for step in (1000, 1001):
        at_step(step)
        with pytest.raises(InvalidCode):
            spend_code(reader_rina, code)


def test_a_code_older_than_one_that_was_used_is_over(reader_rina, at_step):
    secret = give_second_factor(reader_rina)
    at_step(1000)
    spend_code(reader_rina, totp_code(secret))

    with pytest.raises(InvalidCode):
        spend_code(reader_rina, totp_code(secret, steps=-1))
    spend_code(reader_rina, totp_code(secret, steps=1))


def test_the_code_that_switched_it_on_is_used(reader_rina):
    enrolment = begin_second_factor(reader_rina)
    code = totp_code(enrolment.secret)
    confirm_second_factor(reader_rina, enrolment=enrolment.sealed, code=code)

    with pytest.raises(InvalidCode):
        spend_code(reader_rina, code)


@pytest.mark.parametrize("code", ["", "-", "12345", "1234567", "abcdef", "１２３４５６", "0" * 32])
def test_what_is_no_code_is_refused(code, reader_rina):
    give_second_factor(reader_rina)

    with pytest.raises(InvalidCode):
        spend_code(reader_rina, code)


def test_somebody_without_one_has_no_code(reader_rina):
    with pytest.raises(InvalidCode):
        spend_code(reader_rina, "123456")


@pytest.mark.django_db(transaction=True)
def test_of_eight_with_the_same_code_one_gets_in(reader_rina):
    secret = give_second_factor(reader_rina)

    outcomes = run_at_once(*[partial(spend_code, reader_rina, totp_code(secret))] * 8)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidCode"] * 7 + [
        "NoneType"
    ]


def test_rows_of_earlier_versions_stay_good(reader_rina, at_step):
    """The first secret is RFC 6238's; the others are as allauth 65 made them."""
    sealed = {
        "totp": {"secret": seal("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", purpose="second factor")},
        "recovery_codes": {"seed": seal("5f" * 40, purpose="second factor"), "used_mask": 2},
    }
    for kind, data in sealed.items():
        Authenticator.objects.create(user=reader_rina, type=kind, data=data)
    at_step(1)

    for code in ("287 082", "4442-1620-3145", "332261605932"):
        spend_code(reader_rina, code)

    for used in ("287082", "444216203145", "945340256813"):
        with pytest.raises(InvalidCode):
            spend_code(reader_rina, used)
    assert second_factor_state(reader_rina).recovery_codes_left == 7


# --- Recovery codes -----------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["{}", " {} ", "{}".lower()])
def test_a_recovery_code_is_good_once(written, reader_rina):
    _secret, codes = enrol(reader_rina)

    spend_code(reader_rina, written.format(codes[3]))

    with pytest.raises(InvalidCode):
        spend_code(reader_rina, codes[3])
    spend_code(reader_rina, codes[4].replace("-", ""))
    assert second_factor_state(reader_rina).recovery_codes_left == 8


@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_that_comes_eight_times_at_once_is_good_once(reader_rina):
    _secret, codes = enrol(reader_rina)

    outcomes = run_at_once(*[partial(spend_code, reader_rina, codes[0])] * 8)

    assert [type(outcome) for outcome in outcomes].count(type(None)) == 1
    assert second_factor_state(reader_rina).recovery_codes_left == 9


@pytest.mark.django_db(transaction=True)
def test_all_recovery_codes_at_once_are_all_used(reader_rina):
    _secret, codes = enrol(reader_rina)

    outcomes = run_at_once(*[partial(spend_code, reader_rina, code) for code in codes[:8]])

    assert outcomes == [None] * 8
    assert second_factor_state(reader_rina).recovery_codes_left == 2


def test_new_recovery_codes_end_the_old_ones(reader_rina):
    _secret, old = enrol(reader_rina)

    new = renew_recovery_codes(reader_rina, password=PASSWORD, code=old[0])

    assert not set(old) & set(new)
    with pytest.raises(InvalidCode):
        spend_code(reader_rina, old[1])
    spend_code(reader_rina, new[1])
    assert kinds(reader_rina) == ["second_factor_on", "recovery_codes_renewed"]


# --- Doing without ------------------------------------------------------------------------------


def test_it_is_turned_off_with_password_and_code(reader_rina):
    secret = give_second_factor(reader_rina)

    turn_off_second_factor(reader_rina, password=PASSWORD, code=totp_code(secret))

    assert not Authenticator.objects.exists()
    assert kinds(reader_rina) == ["second_factor_off"]


def test_neither_is_enough_alone(reader_rina):
    secret = give_second_factor(reader_rina)

    with pytest.raises(InvalidCode):
        turn_off_second_factor(reader_rina, password=PASSWORD, code="000000")
    with pytest.raises(Exception, match="password is wrong"):
        turn_off_second_factor(reader_rina, password="wrong", code=totp_code(secret))
    assert has_second_factor(reader_rina)


def test_codes_are_not_guessed_with_a_stolen_session_either(reader_rina):
    give_second_factor(reader_rina)
    for _time in range(5):
        with pytest.raises(InvalidCode):
            turn_off_second_factor(reader_rina, password=PASSWORD, code="000000")

    with pytest.raises(Throttled):
        turn_off_second_factor(reader_rina, password=PASSWORD, code="000000")


@pytest.mark.parametrize(
    ("role", "must"), [("reader", False), ("uploader", False), ("moderator", True), ("admin", True)]
)
def test_the_setting_is_about_staff(role, must, reader_rina, settings):
    reader_rina.groups.add(Group.objects.get(name=role))
    assert not must_have_second_factor(reader_rina)

    settings.STAFF_SECOND_FACTOR = True

    assert must_have_second_factor(reader_rina) is must


def test_who_must_have_one_cannot_turn_it_off(moderator_mo, settings):
    secret = give_second_factor(moderator_mo)
    settings.STAFF_SECOND_FACTOR = True

    with pytest.raises(SecondFactorRequired):
        turn_off_second_factor(moderator_mo, password=PASSWORD, code=totp_code(secret))


def test_an_admin_removes_it_for_who_lost_everything(reader_rina, admin_aida):
    give_second_factor(reader_rina)

    remove_second_factor(reader_rina, admin=admin_aida, reason="Lost the phone; asked by video.")

    assert not has_second_factor(reader_rina)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == (admin_aida, "remove_second_factor")
    assert entry.reason == "Lost the phone; asked by video."
    assert kinds(reader_rina) == ["second_factor_removed"]
    with pytest.raises(AlreadyDecided):
        remove_second_factor(reader_rina, admin=admin_aida, reason="Again.")


def test_nobody_else_removes_it_and_nobody_their_own(reader_rina, moderator_mo, admin_aida):
    give_second_factor(reader_rina)
    give_second_factor(admin_aida)

    for user, who in ((reader_rina, moderator_mo), (admin_aida, admin_aida)):
        with pytest.raises(Forbidden):
            remove_second_factor(user, admin=who, reason="Please.")
        assert has_second_factor(user)


def test_the_rows_know_when_they_were_used(reader_rina):
    secret = give_second_factor(reader_rina)

    spend_code(reader_rina, totp_code(secret))

    used = Authenticator.objects.get(type="totp").last_used_at
    assert timezone.now() - used < timedelta(minutes=1)
