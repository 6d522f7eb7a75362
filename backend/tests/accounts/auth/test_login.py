"""Logging in: what of it stands in the log, for those who look for an attack there."""

import pytest
from django.test import Client

from accounts.auth.login import log_in
from accounts.auth.login_throttling import NO_CLIENT, ClientContext, network_key
from accounts.auth.sessions import open_session, rotate_session
from accounts.models import User
from accounts.roles.bans import ban_user
from common.http.errors import AppError
from tests.cast import PASSWORD, client_of, give_second_factor, make_user, totp_code

pytestmark = pytest.mark.django_db
HOME = ClientContext(network_key("192.0.2.7"))


def test_who_came_in_is_logged_with_the_factor(reader_rina, caplog):
    caplog.set_level("INFO")

    log_in(reader_rina.username, PASSWORD, client=HOME)

    (line,) = lines(caplog, "login")
    assert (line["user_id"], line["second_factor"]) == (reader_rina.pk, False)
    assert HOME.network.startswith(line["network"])


def test_a_wrong_password_is_logged_without_what_was_typed(reader_rina, caplog):
    caplog.set_level("INFO")

    for login in (reader_rina.username, "nobody-of-ours"):
        with pytest.raises(AppError):
            log_in(login, "a password in the wrong client", client=HOME)

    known, unknown = lines(caplog, "login.refused")
    assert (known["step"], known["code"]) == ("password", "invalid_credentials")
    assert (known["user_id"], unknown["user_id"]) == (reader_rina.pk, None)
    assert "nobody-of-ours" not in caplog.text
    assert "a password in the wrong client" not in caplog.text


def test_a_ban_a_wrong_code_and_a_shut_door_are_logged_as_what_they_are(
    reader_rina, admin_aida, settings, caplog
):
    settings.GUESSES_FREE = 1
    caplog.set_level("INFO")
    secret = give_second_factor(reader_rina)
    wrong = str((int(totp_code(secret)) + 1) % 1_000_000).zfill(6)
    banned = make_user("banned-bek")
    ban_user(banned, moderator=admin_aida, reason="spam")

    for name, password, code in (
        (reader_rina.username, PASSWORD, wrong),
        (banned.username, PASSWORD, ""),
        ("nobody-of-ours", "wrong", ""),
        ("nobody-of-ours", "wrong", ""),
    ):
        with pytest.raises(AppError):
            log_in(name, password, client=NO_CLIENT, code=code)

    told = [(line["step"], line["code"]) for line in lines(caplog, "login.refused")]
    assert told == [
        ("code", "invalid_code"),
        ("password", "banned"),
        ("password", "invalid_credentials"),
        ("password", "throttled"),
    ]


def test_who_leaves_while_logging_in_is_refused_like_nobody(reader_rina, monkeypatch):
    check = User.check_password

    def check_and_leave(user, password):
        is_right = check(user, password)
        User.objects.get(pk=user.pk).delete()
        return is_right

    monkeypatch.setattr(User, "check_password", check_and_leave)

    answer = client_of(None).post(
        "/api/auth/token", {"username": reader_rina.username, "password": PASSWORD}
    )

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


@pytest.mark.parametrize("limiter", ["/api/auth/token", "/admin/login/"])
def test_a_login_is_remembered_with_its_time(limiter, client, moderator_mo):
    client.post(limiter, {"username": "mo", "password": PASSWORD})

    moderator_mo.refresh_from_db()
    assert moderator_mo.last_login is not None


def test_a_refresh_token_that_comes_twice_is_logged(reader_rina, caplog, session_clock):
    tokens = open_session(reader_rina)
    rotate_session(tokens.refresh_token)
    session_clock(60)

    with pytest.raises(AppError):
        rotate_session(tokens.refresh_token)

    (line,) = lines(caplog, "session.replayed")
    assert (line["user_id"], line["level"]) == (reader_rina.pk, "warning")


def test_what_is_forbidden_is_logged_with_who_asked(reader_rina, caplog):
    caplog.set_level("INFO")

    assert client_of(reader_rina).get("/api/titles?scope=all").status_code == 403
    assert Client(enforce_csrf_checks=True).post("/admin/login/").status_code == 403

    hers, strangers = lines(caplog, "request.forbidden")
    assert (hers["user_id"], hers["path"]) == (reader_rina.pk, "/api/titles")
    assert (strangers["user_id"], strangers["path"]) == (None, "/admin/login/")


def lines(caplog, event):
    said = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [line for line in said if line["event"] == event]
