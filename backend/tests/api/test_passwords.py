"""/api/auth/password/...: changing it, and setting it anew by an email's link."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.auth import password_resets, sessions
from accounts.models import ApiKey, OutgoingEmail, Session, User
from tests.at_once import run_at_once
from tests.cast import PASSWORD, client_of, make_user
from tests.smtp import key_of, text_of

pytestmark = pytest.mark.django_db
NEW = "another-felt-rug"


@pytest.fixture
def _commits(monkeypatch):
    """What waits for the commit runs at once, as each request commits."""
    monkeypatch.setattr(sessions.transaction, "on_commit", lambda callback, **_: callback())


def log_in(name="rina", password=PASSWORD, **form):
    form = {"username": name, "password": password, **form}
    return APIClient().post("/api/auth/token", form, format="json")


def change(client, old=PASSWORD, new=NEW, **form):
    body = {"old_password": old, "new_password": new, **form}
    return client.post("/api/auth/password/change", body, format="json")


def ask(email="rina@example.test"):
    return APIClient().post("/api/auth/password/reset", {"email": email}, format="json")


def reset(key, password=NEW):
    body = {"key": key, "password": password}
    return APIClient().post("/api/auth/password/reset/confirm", body, format="json")


def email_key(post_office, email="rina@example.test"):
    ask(email)
    [mail] = post_office.deliver()
    return key_of(mail, "reset")


# --- Changing -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("_commits")
def test_a_change_ends_all_sessions_but_this_one(post_office, reader_rina):
    here, other = log_in(device="My phone").json(), log_in().json()
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {here['access_token']}")

    answer = change(client)

    assert answer.status_code == 200
    fresh = APIClient(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access_token']}")
    assert fresh.get("/api/auth/me").status_code == 200
    assert client.get("/api/auth/me").status_code == 401
    for tokens in (here, other):
        old = APIClient().post(
            "/api/auth/refresh", {"refresh_token": tokens["refresh_token"]}, format="json"
        )
        assert old.status_code == 401
    assert Session.objects.order_by("-pk")[0].device == "My phone"
    assert log_in().status_code == 401
    assert log_in(password=NEW).status_code == 200
    [mail] = post_office.deliver()
    assert (mail["To"], "/forgot" in text_of(mail)) == ("rina@example.test", True)
    assert NEW not in mail.as_string()


def test_a_browser_gets_its_new_token_in_the_cookie(reader_rina):
    answer = change(client_of(reader_rina), cookie=True)

    assert answer.json()["refresh_token"] is None
    assert answer.cookies[django_settings.REFRESH_COOKIE_NAME]["httponly"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong", NEW, "old_password"),
        (PASSWORD, "12345678", "new_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "x" * 1001, "new_password"),
        (PASSWORD, "rina@example.test", "new_password"),
    ],
)
def test_what_cannot_be_changed_is_named(old, new, field, reader_rina):
    answer = change(client_of(reader_rina), old, new)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert User.objects.get(pk=reader_rina.pk).check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_one_is_made(reader_rina):
    clients = [client_of(reader_rina) for _time in range(3)]

    answers = run_at_once(
        *[partial(change, client, new=f"{NEW}-{n}") for n, client in enumerate(clients)]
    )

    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[200] == 1
    assert statuses[200] + statuses[400] + statuses[401] == 3


# --- A forgotten one ----------------------------------------------------------------------------


@pytest.mark.usefixtures("_commits")
def test_a_link_sets_the_password_once_and_ends_all_that_was(post_office, reader_rina):
    client = client_of(reader_rina)
    ApiKey.objects.create(user=reader_rina, name="x", key_hash="h", hint="x", scopes=["read"])
    key = email_key(post_office)
    assert log_in().status_code == 200  # logging in neither ends nor revives the link

    answer = reset(key)

    assert answer.status_code == 204
    assert client.get("/api/auth/me").status_code == 401
    assert log_in().status_code == 401
    assert log_in(password=NEW).status_code == 200
    assert not ApiKey.objects.exists()
    again = reset(key, "a-third-felt-rug")
    assert (again.status_code, again.json()["code"]) == (400, "invalid_key")
    assert log_in(password=NEW).status_code == 200
    [told] = post_office.deliver()
    assert "changed" in told["Subject"]


def test_a_link_is_dead_after_another_change(post_office, reader_rina):
    key = email_key(post_office)
    change(client_of(reader_rina))
    change(client_of(User.objects.get(pk=reader_rina.pk)), NEW, PASSWORD)

    assert reset(key, "a-third-felt-rug").json()["code"] == "invalid_key"


def test_a_link_is_dead_after_the_address_changed(post_office, reader_rina):
    key = email_key(post_office)
    EmailAddress.objects.filter(user=reader_rina).update(email="new@example.test")
    User.objects.filter(pk=reader_rina.pk).update(email="new@example.test")

    assert reset(key).json()["code"] == "invalid_key"


def test_a_link_ends_after_an_hour_and_is_for_one_thing(post_office, reader_rina, monkeypatch):
    key = email_key(post_office)
    confirming = signing.dumps(EmailAddress.objects.get().pk, salt="accounts.addresses.confirm")
    assert password_resets.RESET_SECONDS == 3600

    monkeypatch.setattr(password_resets, "RESET_SECONDS", -1)

    assert reset(key).json()["code"] == "invalid_key"
    assert reset(confirming).json()["code"] == "invalid_key"


@pytest.mark.parametrize("key", ["x", "a:b:c", "x" * 400])
def test_a_link_that_is_none_is_refused(key, db):
    assert (reset(key).status_code, reset(key).json()["code"]) == (400, "invalid_key")


def test_a_weak_password_leaves_the_link_good(post_office, reader_rina):
    key = email_key(post_office)

    weak = reset(key, "12345678")

    assert list(weak.json()["fields"]) == ["password"]
    assert reset(key).status_code == 204


def test_a_link_to_an_address_that_waited_confirms_it(post_office):
    nina = make_user("nina", confirmed=False)

    answer = reset(email_key(post_office, "nina@example.test"))

    assert answer.status_code == 204
    assert EmailAddress.objects.get(user=nina).verified
    assert log_in("nina@example.test", NEW).status_code == 200


def test_an_address_of_several_claims_resets_any_until_one_is_confirmed(post_office):
    for name in ("first", "second"):
        make_user(name, confirmed=False)
    EmailAddress.objects.update(email="same@example.test")
    ask("same@example.test")
    [mail] = post_office.deliver()
    links = {
        block.split("\n")[0]: block.split("#")[1].strip()
        for block in text_of(mail).split("\n\n")
        if "/reset#" in block
    }

    assert sorted(links) == ["first", "second"]
    assert reset(links["first"]).status_code == 204
    assert reset(links["second"]).json()["code"] == "invalid_key"
    assert User.objects.get(username="second").check_password(PASSWORD)


def test_only_the_owner_gets_a_link_to_a_confirmed_address(post_office, reader_rina):
    squatter = make_user("squatter", confirmed=False)
    EmailAddress.objects.filter(user=squatter).update(email="rina@example.test")

    reset(email_key(post_office))

    assert User.objects.get(pk=reader_rina.pk).check_password(NEW)
    assert User.objects.get(pk=squatter.pk).check_password(PASSWORD)


def test_an_account_made_by_hand_resets_too(post_office):
    user = User.objects.create_user("byhand", "Hand@example.test", PASSWORD)

    assert reset(email_key(post_office, "hand@example.test")).status_code == 204
    assert User.objects.get(pk=user.pk).check_password(NEW)


def test_who_is_locked_out_by_guesses_comes_in_by_a_link(post_office, reader_rina):
    while log_in(password="wrong").status_code != 429:
        pass
    assert log_in().status_code == 429

    reset(email_key(post_office))

    assert log_in(password=NEW).status_code == 200


def test_nobody_learns_whether_an_address_is_known(post_office, reader_rina):
    make_user("gone").delete()
    User.objects.filter(pk=make_user("inactive").pk).update(is_active=False)
    answers, asked = [], []
    ask("warm@example.test")
    for name in ("rina", "nobody", "gone", "inactive"):
        with CaptureQueriesContext(connection) as queries:
            answers.append(ask(f"{name}@example.test"))
        asked.append([query["sql"].split(" ")[0] for query in queries])

    assert {(answer.status_code, answer.content) for answer in answers} == {(204, b"")}
    assert all(sent == asked[0] for sent in asked)
    assert [mail["To"] for mail in post_office.deliver()] == ["rina@example.test"]


def test_what_is_no_address_is_named(db):
    assert list(ask("no address").json()["fields"]) == ["email"]


@pytest.mark.django_db(transaction=True)
def test_a_link_used_at_once_is_good_once(post_office, reader_rina):
    key = email_key(post_office)

    answers = run_at_once(*[partial(reset, key, f"{NEW}-{number}") for number in range(4)])

    assert Counter(answer.status_code for answer in answers) == {204: 1, 400: 3}


def test_an_email_that_is_asked_for_too_often_is_not_sent(post_office, reader_rina):
    for _time in range(3):
        assert ask().status_code == 204
    assert len(post_office.deliver()) == 1

    OutgoingEmail.objects.update(sent_at=timezone.now() - timedelta(minutes=3))
    ask()

    assert len(post_office.deliver()) == 1
