"""/api/auth: logging in and out, staying logged in, registering, and oneself."""

import time
from datetime import timedelta
from types import SimpleNamespace

import jwt
import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.auth import sessions
from accounts.models import Session, User
from accounts.roles.bans import ban_user, lift_ban
from tests.cast import PASSWORD, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _commits(django_capture_on_commit_callbacks, monkeypatch):
    """What waits for the commit runs at once, as each request commits."""
    monkeypatch.setattr(sessions.transaction, "on_commit", lambda callback, **_: callback())


def log_in(name="uli", password=PASSWORD, client=None, **form):
    client = client or APIClient()
    return client.post("/api/auth/token", {"username": name, "password": password, **form})


def test_a_token_that_was_read_before_ends_and_stays_in_its_house(
    uploader_uli, settings, monkeypatch
):
    token = sessions.open_session(uploader_uli).access_token
    assert sessions.read_access_token(token).user_id == uploader_uli.pk

    house = settings.INSTANCE
    settings.INSTANCE = "another"
    with pytest.raises(sessions.InvalidToken):
        sessions.read_access_token(token)
    settings.INSTANCE = house
    monkeypatch.setattr(sessions, "time", SimpleNamespace(time=lambda: time.time() + 901))
    with pytest.raises(sessions.InvalidToken):
        sessions.read_access_token(token)


def test_a_name_and_a_password_give_tokens(uploader_uli):
    answer = client_of(None).post(
        "/api/auth/token",
        "grant_type=password&username=ULI&password=felt-rug-shyrdak&device=Phone",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("bearer", 900)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {body['access_token']}")
    assert client.get("/api/auth/me").json()["username"] == "uli"
    assert Session.objects.get().device == "Phone"


@pytest.mark.parametrize("login", ["uli@example.test", "ULI@EXAMPLE.test"])
def test_a_confirmed_address_is_a_login(login, uploader_uli):
    assert log_in(login).status_code == 200


def test_an_unconfirmed_address_is_no_login():
    make_user("nina", confirmed=False)

    assert log_in("nina@example.test").json()["code"] == "invalid_credentials"
    assert log_in("nina").status_code == 200


@pytest.mark.parametrize("name", ["uli", "nobody", "x@y.z"])
def test_a_wrong_password_says_nothing_about_the_name(name, uploader_uli):
    answer = log_in(name, "wrong")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


def test_tokens_never_stand_in_the_database(uploader_uli):
    token = log_in().json()["refresh_token"]

    assert token not in str(Session.objects.values().get())


def refresh(token):
    return APIClient().post("/api/auth/refresh", {"refresh_token": token}, format="json")


def test_a_refresh_token_is_good_once(uploader_uli, session_clock):
    first = log_in().json()["refresh_token"]
    second = refresh(first).json()
    session_clock(60)

    stolen = refresh(first)

    assert (stolen.status_code, stolen.json()["code"]) == (401, "invalid_token")
    # The family ends: one of the two was a thief.
    assert refresh(second["refresh_token"]).status_code == 401
    access = APIClient(HTTP_AUTHORIZATION=f"Bearer {second['access_token']}")
    assert access.get("/api/auth/me").status_code == 401


def test_an_answer_that_was_lost_is_given_again_for_a_minute(uploader_uli, session_clock):
    first = log_in().json()["refresh_token"]
    lost = refresh(first).json()
    session_clock(59)

    again = refresh(first)

    assert again.status_code == 200
    assert again.json()["refresh_token"] == lost["refresh_token"]
    access = APIClient(HTTP_AUTHORIZATION=f"Bearer {again.json()['access_token']}")
    assert access.get("/api/auth/me").status_code == 200
    # The minute is counted from the first use, whatever was asked meanwhile.
    session_clock(1)
    assert refresh(first).status_code == 401
    assert not Session.objects.exists()


def test_a_token_two_uses_back_ends_the_family_at_once(uploader_uli, session_clock):
    first = log_in().json()["refresh_token"]
    second = refresh(first).json()["refresh_token"]
    assert refresh(second).status_code == 200

    assert refresh(first).status_code == 401
    assert not Session.objects.exists()


def test_a_token_of_before_the_login_is_given_for_no_other(uploader_uli, session_clock):
    """Each login draws its first token; the next ones are told by nobody without our key."""
    one, other = log_in().json()["refresh_token"], log_in().json()["refresh_token"]
    mixed = one[:32] + other[32:]

    assert refresh(mixed).status_code == 401


def test_who_lost_the_answer_can_log_out(uploader_uli, session_clock):
    first = log_in().json()["refresh_token"]
    refresh(first)

    APIClient().post("/api/auth/logout", {"refresh_token": first}, format="json")

    assert not Session.objects.exists()


def test_a_ban_ends_the_minute_too(uploader_uli, moderator_mo, session_clock):
    first = log_in().json()["refresh_token"]
    refresh(first)
    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.")

    assert refresh(first).status_code in (401, 403)


def test_one_thief_does_not_log_other_devices_out(uploader_uli, session_clock):
    stolen, other = log_in().json(), log_in().json()
    for _time in range(2):
        refresh(stolen["refresh_token"])
        session_clock(60)

    assert Session.objects.count() == 1
    assert refresh(other["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "x" * 200, None])
def test_a_refresh_token_that_is_none_is_refused(token, db):
    answer = APIClient().post("/api/auth/refresh", {"refresh_token": token or ""}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_session_ends_by_itself(uploader_uli):
    token = log_in().json()["refresh_token"]
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = APIClient().post("/api/auth/refresh", {"refresh_token": token}, format="json")

    assert answer.status_code == 401


def test_a_browsers_refresh_token_is_out_of_reach_of_scripts(uploader_uli):
    client = APIClient()
    answer = log_in(client=client, cookie="1")

    cookie = answer.cookies[django_settings.REFRESH_COOKIE_NAME]
    assert answer.json()["refresh_token"] is None
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/api/auth")
    again = client.post("/api/auth/refresh", {}, format="json")
    assert again.status_code == 200
    assert again.json()["refresh_token"] is None
    client.post("/api/auth/logout", {}, format="json")
    assert client.cookies[django_settings.REFRESH_COOKIE_NAME].value == ""
    assert not Session.objects.exists()


def test_logging_out_ends_the_access_token_too(uploader_uli):
    tokens = log_in().json()
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    assert client.get("/api/titles").status_code == 200

    client.post("/api/auth/logout", {"refresh_token": tokens["refresh_token"]}, format="json")

    assert client.get("/api/auth/me").json()["code"] == "invalid_token"
    assert client.get("/api/titles").json()["code"] == "invalid_token"


def test_a_ban_ends_everything_at_once(uploader_uli, moderator_mo):
    tokens = log_in().json()
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    assert client.get("/api/titles").status_code == 200  # the epoch is in the cache now

    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam and more.")

    assert client.get("/api/titles").status_code == 401
    answer = client.get("/api/auth/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "banned")
    assert "Spam and more." in answer.json()["detail"]
    refreshed = client.post(
        "/api/auth/refresh", {"refresh_token": tokens["refresh_token"]}, format="json"
    )
    assert refreshed.status_code == 401
    assert log_in().json()["code"] == "banned"
    assert log_in(password="wrong").json()["code"] == "invalid_credentials"


def test_a_ban_that_ended_lets_in_again(uploader_uli, moderator_mo):
    soon = timezone.now() + timedelta(hours=1)
    ban_user(uploader_uli, moderator=moderator_mo, reason="Calm down.", until=soon)
    assert log_in().json()["code"] == "banned"

    User.objects.update(banned_until=timezone.now() - timedelta(seconds=1))

    assert log_in().status_code == 200


def test_a_lifted_ban_lets_in_again_but_old_tokens_stay_over(uploader_uli, moderator_mo):
    client = client_of(uploader_uli)
    ban_user(uploader_uli, moderator=moderator_mo, reason="Mistake.")

    lift_ban(uploader_uli, moderator=moderator_mo, reason="Sorry.")

    assert client.get("/api/auth/me").status_code == 401
    assert log_in().status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1},
        {"aud": "another"},
        {"sub": "999999"},
        {"sub": "x"},
        {"epoch": 99},
        {"epoch": None},
        {"sid": None},
    ],
)
def test_a_token_that_says_something_else_is_refused(change, uploader_uli):
    good = jwt.decode(
        sessions.open_session(uploader_uli).access_token,
        sessions._TOKEN_KEY, algorithms=["HS256"], audience=django_settings.INSTANCE,
    )  # fmt: skip
    claims = {key: value for key, value in (good | change).items() if value is not None}
    token = jwt.encode(claims, sessions._TOKEN_KEY, algorithm="HS256")
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")

    answers = [client.get(path) for path in ("/api/auth/me", "/api/titles")]

    assert [answer.status_code for answer in answers] == [401, 401]


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "bearer a.b.c", "Bearer \u00e9"])
def test_a_token_that_is_none_is_refused(header, db):
    client = APIClient(HTTP_AUTHORIZATION=header)

    answers = [client.get(path) for path in ("/api/auth/me", "/api/titles")]

    assert [answer.status_code for answer in answers] == [401, 401]


def test_a_token_signed_by_another_or_by_nobody_is_refused(uploader_uli):
    claims = jwt.decode(
        sessions.open_session(uploader_uli).access_token, options={"verify_signature": False}
    )
    forged = [
        jwt.encode(claims, "x" * 32, algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
    ]

    for token in forged:
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
        assert client.get("/api/auth/me").status_code == 401


def test_another_scheme_is_nobody(db):
    client = APIClient(HTTP_AUTHORIZATION="Digest dWxpOng=")

    assert client.get("/api/titles").status_code == 200
    assert client.get("/api/auth/me").json()["code"] == "not_authenticated"


# --- Registering --------------------------------------------------------------------------------


def register(**changes):
    form = {"username": "Aigerim", "email": "a@example.test", "password": PASSWORD} | changes
    return APIClient().post("/api/auth/register", form, format="json", HTTP_ACCEPT_LANGUAGE="ky")


def test_a_new_person_is_a_reader_with_an_address_to_confirm(db):
    answer = register()

    assert answer.status_code == 201
    me = answer.json()
    assert (me["roles"], me["email_confirmed"], me["language"]) == (["reader"], False, "ky")
    assert me["permissions"] == {"upload": False, "moderate": False, "admin": False}
    assert "password" not in me
    assert log_in("aigerim").status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "ULI"}, "username"),
        ({"username": "has space"}, "username"),
        ({"username": ""}, "username"),
        ({"username": "x" * 31}, "username"),
        ({"username": "a\u200bb"}, "username"),
        ({"email": "no address"}, "email"),
        ({"password": "12345678"}, "password"),
        ({"password": "Aigerim1"}, "password"),
    ],
)
def test_what_cannot_be_registered_is_named(changes, field, uploader_uli):
    answer = register(**changes)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]


def test_a_name_is_one_name_in_whatever_case_and_script(db):
    assert register(username="Алия").status_code == 201

    taken = register(username="алиЯ")

    assert list(taken.json()["fields"]) == ["username"]
    assert log_in("АЛИЯ").status_code == 200


def test_two_may_give_the_same_address_but_one_confirms_it(uploader_uli):
    answer = register(email="uli@example.test")

    assert answer.status_code == 201
    assert log_in("uli@example.test").status_code == 200
    assert EmailAddress.objects.filter(email="uli@example.test").count() == 2


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "{", "\xff", '{"username": {}}'])
def test_a_body_that_is_no_form_is_invalid(body, db):
    for path in ("register", "token", "refresh", "logout"):
        answer = APIClient().post(f"/api/auth/{path}", body, content_type="application/json")

        assert answer.status_code in (400, 401, 204), path
        assert answer.status_code == 204 or {"code", "detail"} <= answer.json().keys()


def test_a_body_that_is_too_long_is_refused(db):
    answer = APIClient().post(
        "/api/auth/token", "username=" + "x" * 3_000_000,
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


# --- Oneself ------------------------------------------------------------------------------------


def test_one_changes_ones_own_words(uploader_uli):
    client = client_of(uploader_uli)

    answer = client.patch(
        "/api/auth/me", {"display_name": "Уулжан", "language": "ky", "username": "root"},
        format="json",
    )  # fmt: skip

    assert (answer.json()["display_name"], answer.json()["language"]) == ("Уулжан", "ky")
    assert answer.json()["username"] == "uli"
    assert client.patch("/api/auth/me", {"language": "de"}, format="json").status_code == 400


def test_messages_are_in_the_language_that_is_asked_for(db):
    answer = APIClient().get("/api/auth/me", HTTP_ACCEPT_LANGUAGE="ru")

    assert any("а" <= email <= "я" for email in answer.json()["detail"])


def test_leaving_needs_the_password(uploader_uli):
    client = client_of(uploader_uli)

    wrong = client.delete("/api/auth/me", {"password": "wrong"}, format="json")
    right = client.delete("/api/auth/me", {"password": PASSWORD}, format="json")

    assert list(wrong.json()["fields"]) == ["password"]
    assert right.status_code == 204
    assert not User.objects.filter(username="uli").exists()
    assert client.get("/api/auth/me").status_code == 401
    assert client.get("/api/titles").status_code == 401
