"""Logging in with a second factor and guessing, over HTTP; /api/auth/second-factor."""

import base64
import re

import pytest
from django.conf import settings as django_settings
from rest_framework.test import APIClient

from accounts.auth.sessions import open_session
from accounts.models import Session
from accounts.roles.bans import ban_user
from tests.cast import PASSWORD, client_of, give_second_factor, totp_code

pytestmark = pytest.mark.django_db
ROOT = "/api/auth/second-factor"


def log_in(client=None, *, name="rina", password=PASSWORD, address="203.0.113.9", **form):
    return (client or APIClient()).post(
        "/api/auth/token",
        {"username": name, "password": password, **form},
        REMOTE_ADDR=address,
    )


def set_up(client) -> tuple[str, list[str]]:
    begun = client.post(ROOT, {"password": PASSWORD}).json()
    form = {"enrolment": begun["enrolment"], "code": totp_code(begun["secret"])}
    confirmed = client.post(f"{ROOT}/confirm", form).json()
    # As a client does that refreshes; see tests/attacks/test_second_factor.py.
    user = Session.objects.get(second_factor=True).user
    token = open_session(user, second_factor=True).access_token
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return begun["secret"], confirmed["recovery_codes"]


def told(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- Setting up ---------------------------------------------------------------------------------


def test_it_is_set_up_in_two_steps(reader_rina):
    client = client_of(reader_rina)
    assert client.get(ROOT).json() == {
        "enabled": False, "required": False, "recovery_codes_left": 0,
    }  # fmt: skip

    secret, codes = set_up(client)

    assert re.fullmatch(r"[A-Z2-7]{32}", secret)
    assert len(codes) == 10
    assert client.get(ROOT).json() == {
        "enabled": True, "required": False, "recovery_codes_left": 10,
    }  # fmt: skip


def test_its_picture_needs_no_inline_style(reader_rina):
    begun = client_of(reader_rina).post(ROOT, {"password": PASSWORD}).json()

    kind, _comma, picture = begun["qr"].partition(",")
    svg = base64.b64decode(picture).decode()
    assert kind == "data:image/svg+xml;base64"
    assert "style" not in svg
    assert "<script" not in svg


def test_all_of_it_is_private(reader_rina):
    client = client_of(reader_rina)

    for answer in (client.get(ROOT), client.post(ROOT, {"password": PASSWORD})):
        assert answer["Cache-Control"] == "private, no-store"


def test_it_begins_with_the_password(reader_rina):
    answer = client_of(reader_rina).post(ROOT, {"password": "wrong"})

    assert told(answer) == (400, "invalid")
    assert "password" in answer.json()["fields"]


def test_a_wrong_first_code_is_told_by_its_field(reader_rina):
    client = client_of(reader_rina)
    begun = client.post(ROOT, {"password": PASSWORD}).json()

    answer = client.post(f"{ROOT}/confirm", {"enrolment": begun["enrolment"], "code": "000000"})

    assert told(answer) == (400, "invalid_code")
    assert "code" in answer.json()["fields"]
    assert client.get(ROOT).json()["enabled"] is False


def test_twice_is_once_too_often(reader_rina):
    client = client_of(reader_rina)
    set_up(client)

    assert told(client.post(ROOT, {"password": PASSWORD})) == (409, "already_decided")


def test_it_is_turned_off_and_codes_are_renewed_with_both(reader_rina):
    client = client_of(reader_rina)
    _secret, codes = set_up(client)

    renewed = client.post(f"{ROOT}/recovery-codes", {"password": PASSWORD, "code": codes[0]})
    refused = client.delete(ROOT, {"password": PASSWORD, "code": codes[1]})
    done = client.delete(ROOT, {"password": PASSWORD, "code": renewed.json()["recovery_codes"][0]})

    assert renewed.status_code == 200
    assert told(refused) == (400, "invalid_code")
    assert done.status_code == 204
    assert client.get(ROOT).json()["enabled"] is False


def test_without_one_there_is_nothing_to_renew(reader_rina):
    form = {"password": PASSWORD, "code": "123456"}
    client = client_of(reader_rina)

    assert told(client.post(f"{ROOT}/recovery-codes", form)) == (409, "already_decided")
    assert told(client.delete(ROOT, form)) == (409, "already_decided")


# --- Logging in ---------------------------------------------------------------------------------


def test_a_login_asks_for_the_code_and_takes_it(reader_rina):
    secret = give_second_factor(reader_rina)

    asked = log_in()
    answer = log_in(code=totp_code(secret))

    assert told(asked) == (401, "second_factor_required")
    assert answer.status_code == 200
    assert Session.objects.get().second_factor is True


def test_a_recovery_code_does_as_well_but_once(reader_rina):
    _secret, codes = set_up(client_of(reader_rina))

    assert log_in(code=codes[0]).status_code == 200
    assert told(log_in(code=codes[0])) == (401, "invalid_code")


def test_a_code_that_was_overheard_is_over(reader_rina):
    secret = give_second_factor(reader_rina)
    code = totp_code(secret)
    log_in(code=code)

    answer = log_in(code=code)

    assert told(answer) == (401, "invalid_code")
    assert "code" in answer.json()["fields"]


@pytest.mark.parametrize("code", ["", "000000"])
def test_of_a_code_nothing_is_said_to_who_does_not_know_the_password(code, reader_rina):
    give_second_factor(reader_rina)

    assert told(log_in(password="wrong", code=code)) == (401, "invalid_credentials")


def test_no_code_is_asked_of_who_has_none(reader_rina):
    assert log_in(code="123456").status_code == 200
    assert Session.objects.get().second_factor is False


def test_a_banned_person_is_told_before_the_code(reader_rina, moderator_mo):
    give_second_factor(reader_rina)
    ban_user(reader_rina, moderator=moderator_mo, reason="Spam.")

    assert told(log_in()) == (403, "banned")
    assert told(log_in(password="wrong")) == (401, "invalid_credentials")


def test_a_refresh_asks_for_no_code(reader_rina):
    secret = give_second_factor(reader_rina)
    token = log_in(code=totp_code(secret)).json()["refresh_token"]

    answer = APIClient().post("/api/auth/refresh", {"refresh_token": token})

    assert answer.status_code == 200


def test_a_login_notes_when_and_from_where(reader_rina):
    log_in(address="192.0.2.7")

    session = Session.objects.get()
    reader_rina.refresh_from_db()
    assert reader_rina.last_login is not None
    assert len(session.network) == 64
    assert "192.0.2" not in session.network


# --- Guessing -----------------------------------------------------------------------------------


def test_after_five_wrong_ones_the_right_one_has_to_wait(reader_rina):
    for _ in range(5):
        assert told(log_in(password="wrong")) == (401, "invalid_credentials")

    answer = log_in()

    assert told(answer) == (429, "throttled")
    assert int(answer["Retry-After"]) == 1


def test_who_was_here_before_comes_in_whatever_strangers_do(reader_rina):
    browser = APIClient()
    log_in(browser)
    Session.objects.all().delete()
    for number in range(8):
        log_in(password="wrong", address=f"198.51.{number}.1")

    assert log_in().status_code == 429
    assert log_in(browser).status_code == 200


def test_the_devices_mark_is_out_of_reach_of_scripts(reader_rina):
    answer = log_in()

    cookie = answer.cookies[django_settings.DEVICE_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert cookie["max-age"] > 300 * 86_400


def test_a_failed_login_marks_no_device(reader_rina):
    give_second_factor(reader_rina)

    for answer in (log_in(), log_in(password="wrong"), log_in(code="000000")):
        assert django_settings.DEVICE_COOKIE_NAME not in answer.cookies


@pytest.mark.parametrize("name", ["nobody", "rina", "rina@example.test", "no@example.test"])
def test_names_cannot_be_told_apart_by_what_is_answered(name, reader_rina):
    answers = [log_in(name=name, password="wrong") for _ in range(7)]

    bodies = [{**answer.json(), "status": answer.status_code} for answer in answers]
    assert [body["status"] for body in bodies] == [401] * 5 + [429] * 2
    assert bodies[0] == {
        "status": 401, "code": "invalid_credentials",
        "detail": "The name or the password is wrong.",
    }  # fmt: skip


# --- Staff --------------------------------------------------------------------------------------


def test_staff_without_one_get_no_further_than_setting_it_up(moderator_mo, settings):
    settings.STAFF_SECOND_FACTOR = True
    client = client_of(moderator_mo)

    assert told(client.get("/api/uploads")) == (403, "second_factor_required")
    assert told(client.get("/api/titles?scope=all")) == (403, "second_factor_required")
    assert client.get(ROOT).json()["required"] is True
    _secret, codes = set_up(client)
    assert client.get("/api/uploads").status_code == 200
    off = client.delete(ROOT, {"password": PASSWORD, "code": codes[0]})
    assert told(off) == (403, "second_factor_required")


def test_others_are_left_alone(reader_rina, uploader_uli, settings):
    settings.STAFF_SECOND_FACTOR = True

    for user in (reader_rina, uploader_uli):
        assert client_of(user).get("/api/uploads").status_code == 200


def test_while_the_setting_is_off_nothing_is_asked(moderator_mo, django_assert_num_queries):
    client = client_of(moderator_mo)

    with django_assert_num_queries(1):  # the person
        answer = client.put("/api/uploads")

    assert answer.status_code == 405
