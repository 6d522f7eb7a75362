"""Coming into the admin: two steps, nobody in before the second, and staff who must set one up."""

import re
import time

import pytest
from django.conf import settings as django_settings
from django.test import Client

from accounts.auth import admin_login
from accounts.auth.api_keys import make_key
from accounts.auth.second_factor import has_second_factor
from accounts.auth.sessions import end_all_sessions, end_session
from accounts.models import AttemptCount, AuditEntry, User
from accounts.roles.bans import ban_user
from tests.cast import PASSWORD, give_second_factor, make_user, totp_code

pytestmark = pytest.mark.django_db
LOGIN, CODE, SET_UP = "/admin/login/", "/admin/login/code/", "/admin/second-factor/"


def first_step(client, name="mo", password=PASSWORD, wanted="/admin/reader/upload/"):
    return client.post(LOGIN, {"username": name, "password": password, "next": wanted})


def is_in(client) -> bool:
    return bool(client.get("/admin/").status_code == 200)


@pytest.fixture
def secret(moderator_mo) -> str:
    return give_second_factor(moderator_mo)


# --- Two steps ----------------------------------------------------------------------------------


def test_the_password_alone_lets_nobody_in(client, secret):
    answer = first_step(client)

    assert answer.headers["Location"] == CODE
    assert "no-store" in client.get(CODE)["Cache-Control"]
    assert not is_in(client)


def test_the_code_lets_in_and_on_to_where_one_wanted(client, secret):
    first_step(client)

    answer = client.post(CODE, {"code": totp_code(secret)})

    assert answer.headers["Location"] == "/admin/reader/upload/"
    assert is_in(client)
    assert django_settings.DEVICE_COOKIE_NAME in answer.cookies


def test_a_wrong_code_stays_by_its_field(client, secret):
    first_step(client)

    answer = client.post(CODE, {"code": "000000"})

    assert "code" in answer.context["form"].errors
    assert not is_in(client)
    assert client.post(CODE, {"code": totp_code(secret)}).status_code == 302


def test_wrong_codes_are_guesses(client, secret):
    first_step(client)
    for _ in range(5):
        client.post(CODE, {"code": "000000"})

    answer = client.post(CODE, {"code": totp_code(secret)})

    assert (answer.status_code, int(answer["Retry-After"])) == (429, 1)
    assert not is_in(client)


def test_wrong_passwords_are_guesses(client, moderator_mo):
    for _ in range(5):
        first_step(client, password="wrong")

    answer = first_step(client)

    assert (answer.status_code, int(answer["Retry-After"])) == (429, 1)
    assert "Too many attempts." in answer.content.decode()
    assert not is_in(client)


def test_the_second_step_has_five_minutes(client, secret, monkeypatch):
    first_step(client)
    later = time.time() + admin_login.SECOND_STEP_SECONDS + 1
    monkeypatch.setattr(admin_login.time, "time", lambda: later)

    answer = client.post(CODE, {"code": totp_code(secret)})

    assert answer.headers["Location"] == LOGIN
    assert not is_in(client)


def test_the_second_step_is_for_who_took_the_first(client, secret):
    first_step(Client())

    assert client.get(CODE).headers["Location"] == LOGIN
    assert client.post(CODE, {"code": totp_code(secret)}).headers["Location"] == LOGIN


def test_a_password_that_changed_in_between_ends_it(client, secret, moderator_mo):
    first_step(client)
    moderator_mo.set_password("kalpak-kumys-1")
    moderator_mo.save()

    assert client.post(CODE, {"code": totp_code(secret)}).headers["Location"] == LOGIN
    assert not is_in(client)


def test_a_ban_in_between_ends_it(client, secret, moderator_mo, admin_aida):
    first_step(client)
    ban_user(moderator_mo, moderator=admin_aida, reason="Sold approvals.")

    client.post(CODE, {"code": totp_code(secret)})

    assert not is_in(client)


def test_the_session_has_a_new_key_after_each_step(client, secret):
    client.get(LOGIN)
    client.cookies[django_settings.SESSION_COOKIE_NAME] = "fixed0by0somebody0else0000000000"

    keys = ["fixed0by0somebody0else0000000000"]
    first_step(client)
    keys.append(client.cookies[django_settings.SESSION_COOKIE_NAME].value)
    client.post(CODE, {"code": totp_code(secret)})
    keys.append(client.cookies[django_settings.SESSION_COOKIE_NAME].value)

    assert len(set(keys)) == 3


def test_who_has_taken_both_steps_stays_in(client, secret):
    first_step(client)
    between = client.session.get_expiry_age()
    client.post(CODE, {"code": totp_code(secret)})

    assert between <= admin_login.SECOND_STEP_SECONDS
    assert client.session.get_expiry_age() == django_settings.SESSION_COOKIE_AGE


def test_who_was_in_before_is_out_after_the_first_step(log_in, secret, admin_aida):
    browser = log_in(admin_aida)

    first_step(browser)

    assert not is_in(browser)


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
@pytest.mark.parametrize("with_code", [False, True])
def test_one_goes_on_to_nowhere_else(wanted, with_code, client, moderator_mo):
    secret = give_second_factor(moderator_mo) if with_code else ""

    answer = first_step(client, wanted=wanted)
    if with_code:
        answer = client.post(CODE, {"code": totp_code(secret)})

    assert answer.headers["Location"] == "/admin/"


@pytest.mark.parametrize("address", [LOGIN, CODE, SET_UP])
def test_each_page_wants_its_own_token(address, secret, moderator_mo):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(moderator_mo)

    assert strict.post(address, {"code": totp_code(secret)}).status_code == 403


def test_the_password_page_tells_who_is_no_moderator_only_with_the_password(client, reader_rina):
    assert "for moderators" in first_step(client, "rina").content.decode()
    assert "for moderators" not in first_step(client, "rina", "wrong").content.decode()


def test_a_wrong_old_password_is_a_guess(log_in, moderator_mo):
    browser = log_in(moderator_mo)
    form = {"new_password1": "kalpak-kumys-1", "new_password2": "kalpak-kumys-1"}
    for _ in range(5):
        browser.post("/admin/password_change/", {"old_password": "wrong", **form})

    answer = browser.post("/admin/password_change/", {"old_password": PASSWORD, **form})

    assert "Too many requests" in answer.content.decode()
    assert AttemptCount.objects.filter(count=5).exists()


def test_a_new_password_ends_the_other_sessions_and_not_this(log_in, moderator_mo):
    here, there = log_in(moderator_mo), log_in(moderator_mo)

    answer = here.post(
        "/admin/password_change/",
        {"old_password": PASSWORD, "new_password1": "kalpak-kumys-1",
         "new_password2": "kalpak-kumys-1"},
    )  # fmt: skip

    assert answer.headers["Location"] == "/admin/password_change/done/"
    assert is_in(here)
    assert not is_in(there)


def test_who_leaves_while_logging_in_is_refused_like_nobody(client, moderator_mo, monkeypatch):
    def leave(user):
        User.objects.get(pk=user.pk).delete()
        return False

    monkeypatch.setattr(admin_login, "has_second_factor", leave)

    answer = first_step(client)

    assert "The name or the password is wrong." in answer.content.decode()
    assert not is_in(client)


# --- Setting one up -----------------------------------------------------------------------------


def fill(page, password=PASSWORD, code="") -> dict[str, str]:
    enrolment = page.context["enrolment"]
    return {
        "enrolment": enrolment.sealed,
        "code": code or totp_code(enrolment.secret),
        "password": password,
        "next": "/admin/reader/upload/",
    }


def test_staff_who_must_are_sent_to_set_it_up_before_anything_else(log_in, moderator_mo, settings):
    settings.STAFF_SECOND_FACTOR = True
    browser = log_in(moderator_mo)

    for address in ("/admin/", "/admin/reader/upload/?state=live", "/admin/password_change/"):
        answer = browser.get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(f"{SET_UP}?next=%2Fadmin%2F")

    page = browser.get(SET_UP)
    assert "Your role needs a second factor" in page.content.decode()
    done = browser.post(SET_UP, fill(page))
    assert len(re.findall(r"<code>\d{4}-\d{4}-\d{4}</code>", done.content.decode())) == 10
    assert 'href="/admin/reader/upload/"' in done.content.decode()
    assert browser.get("/admin/").status_code == 200


def test_a_log_out_is_always_open(log_in, moderator_mo, settings):
    settings.STAFF_SECOND_FACTOR = True

    assert log_in(moderator_mo).post("/admin/logout/").status_code == 200


def test_who_has_one_is_not_asked_again(client, secret, settings):
    settings.STAFF_SECOND_FACTOR = True
    first_step(client)
    client.post(CODE, {"code": totp_code(secret)})

    assert is_in(client)


def test_recovery_codes_are_shown_once(log_in, moderator_mo):
    browser = log_in(moderator_mo)
    form = fill(browser.get(SET_UP))
    browser.post(SET_UP, form)

    for again in (browser.get(SET_UP), browser.post(SET_UP, form)):
        assert "recovery codes are left" in again.content.decode()
        assert "<code>" not in again.content.decode()


@pytest.mark.parametrize(
    ("wrong", "field"), [({"code": "000000"}, "code"), ({"password": "wrong"}, "password")]
)
def test_what_is_wrong_stands_by_its_field_and_the_picture_stays(
    wrong, field, log_in, moderator_mo
):
    browser = log_in(moderator_mo)
    page = browser.get(SET_UP)

    again = browser.post(SET_UP, {**fill(page), **wrong})

    assert list(again.context["form"].errors) == [field]
    assert again.context["enrolment"].secret == page.context["enrolment"].secret
    assert not has_second_factor(moderator_mo)


# --- Losing it ----------------------------------------------------------------------------------


def test_an_admin_removes_somebodys_and_says_why(log_in, admin_aida, moderator_mo, secret):
    browser = log_in(admin_aida)
    user = f"/admin/accounts/user/{moderator_mo.pk}"
    assert "remove-second-factor" in browser.get(f"{user}/change/").content.decode()

    asked = browser.post(f"{user}/second-factor/", {"reason": " "})
    browser.post(f"{user}/second-factor/", {"reason": "Video call."})

    assert "reason" in asked.context["form"].errors
    assert not has_second_factor(moderator_mo)
    assert AuditEntry.objects.get(action="remove_second_factor").reason == "Video call."
    assert "remove-second-factor" not in browser.get(f"{user}/change/").content.decode()


def test_a_moderator_removes_nobodys(log_in, moderator_max, moderator_mo, secret):
    browser = log_in(moderator_max)
    user = f"/admin/accounts/user/{moderator_mo.pk}"

    answer = browser.post(f"{user}/second-factor/", {"reason": "A coup."})

    assert answer.status_code == 403
    assert "remove-second-factor" not in browser.get(f"{user}/change/").content.decode()
    assert has_second_factor(moderator_mo)


def test_nor_an_admin_their_own(log_in, admin_aida):
    give_second_factor(admin_aida)

    answer = log_in(admin_aida).post(
        f"/admin/accounts/user/{admin_aida.pk}/second-factor/", {"reason": "Lazy."}
    )

    assert "Another admin has to do this for you." in answer.content.decode()
    assert has_second_factor(admin_aida)


def test_an_uploader_made_staff_comes_in_by_the_same_door(client, settings):
    settings.STAFF_SECOND_FACTOR = True
    uli = make_user("uli", "uploader")
    uli.is_staff = True
    uli.save()

    first_step(client, "uli")

    assert client.get("/admin/").headers["Location"].startswith(SET_UP)


# --- With the web app's session -----------------------------------------------------------------

BY_ITSELF = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
ENTRANCE = "/api/auth/admin"


def open_web_app(client, *, name="mo", cookie=True, **code) -> dict[str, str]:
    words = {"username": name, "password": PASSWORD, "cookie": cookie, **code}
    answer = client.post("/api/auth/token", words, content_type="application/json")
    assert answer.status_code == 200, answer.json()
    told: dict[str, str] = answer.json()
    return told


def visit_admin(client, **headers):
    return client.get("/admin/reader/upload/", headers=BY_ITSELF | headers, follow=True)


def test_who_is_logged_in_to_the_web_app_comes_straight_in(client, moderator_mo):
    open_web_app(client)
    before = client.cookies[django_settings.REFRESH_COOKIE_NAME].value

    answer = visit_admin(client)

    assert [address for address, _status in answer.redirect_chain] == [
        "/admin/login/?next=/admin/reader/upload/",
        f"{ENTRANCE}?next=%2Fadmin%2Freader%2Fupload%2F",
        "/admin/reader/upload/",
    ]
    assert answer.status_code == 200
    cookie = client.cookies[django_settings.REFRESH_COOKIE_NAME]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/api/auth", "Strict", True)
    assert cookie.value != before
    assert client.post("/api/auth/refresh").status_code == 200
    assert is_in(client)


def test_who_is_logged_in_nowhere_sees_the_form(client, moderator_mo):
    answer = visit_admin(client)

    assert "login-form" in answer.content.decode()
    assert answer.redirect_chain[-1][0].endswith("&form=1")


def test_the_web_session_needs_the_second_factor_that_somebody_has(client, moderator_mo):
    open_web_app(client)
    secret = give_second_factor(moderator_mo)

    visit_admin(client)
    assert not is_in(client)
    open_web_app(client, code=totp_code(secret))
    visit_admin(client)

    assert is_in(client)


def test_nor_does_it_let_in_where_one_is_asked_and_none_is_there(client, moderator_mo, settings):
    settings.STAFF_SECOND_FACTOR = True
    open_web_app(client)

    visit_admin(client)

    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("how", ["bearer", "cookie", "key"])
def test_a_programs_token_never_opens_the_admin(how, client, moderator_mo):
    token = open_web_app(client, cookie=False)
    refresh, access = token["refresh_token"], token["access_token"]
    headers = {"Authorization": f"Bearer {access}"} if how == "bearer" else {}
    if how == "key":
        key = make_key(
            moderator_mo, name="k", scopes=["read"], expires_in_days=None, password=PASSWORD
        )[1]
        headers = {"Authorization": f"Bearer {key}"}
    if how == "cookie":
        client.cookies[django_settings.REFRESH_COOKIE_NAME] = refresh

    visit_admin(client, **headers)
    client.get(ENTRANCE, headers=BY_ITSELF | headers)

    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_another_sites_page_opens_nothing(headers, client, moderator_mo):
    open_web_app(client)

    client.get(f"{ENTRANCE}?next=https://evil.example/", headers=headers)

    assert "_auth_user_id" not in client.session


def test_readers_do_not_come_in_with_theirs(client, reader_rina):
    open_web_app(client, name="rina")

    visit_admin(client)

    assert "_auth_user_id" not in client.session
    assert client.post("/api/auth/refresh").status_code == 200


def test_a_used_token_opens_nothing(client, moderator_mo):
    open_web_app(client)
    stolen = client.cookies[django_settings.REFRESH_COOKIE_NAME].value
    for _ in range(2):
        client.post("/api/auth/refresh")
    thief = Client()
    thief.cookies[django_settings.REFRESH_COOKIE_NAME] = stolen

    visit_admin(thief)

    assert "_auth_user_id" not in thief.session


def test_a_slipped_in_session_is_not_the_one_that_is_opened(client, moderator_mo):
    open_web_app(client)
    client.cookies[django_settings.SESSION_COOKIE_NAME] = planted = "a" * 32

    visit_admin(client)

    assert client.cookies[django_settings.SESSION_COOKIE_NAME].value != planted
    assert is_in(client)


@pytest.mark.parametrize("end", ["log out", "log out everywhere", "ban", "device ended"])
def test_what_the_web_session_has_opened_ends_with_it(end, client, moderator_mo, admin_aida):
    open_web_app(client)
    visit_admin(client)
    assert is_in(client)

    if end == "log out":
        client.post("/api/auth/logout")
    elif end == "log out everywhere":
        end_all_sessions(moderator_mo)
    elif end == "ban":
        ban_user(moderator_mo, moderator=admin_aida, reason="Sold approvals.")
    else:
        end_session(moderator_mo.sessions.get())

    assert not is_in(client)
    visit_admin(client)
    assert not is_in(client)


def test_another_devices_logout_throws_nobody_out(client, moderator_mo):
    open_web_app(client)
    visit_admin(client)
    phone = Client()
    open_web_app(phone)

    phone.post("/api/auth/logout")

    assert is_in(client)


def test_logging_out_of_the_admin_is_logging_out_of_the_web_app(client, moderator_mo):
    open_web_app(client)
    visit_admin(client)

    client.get("/admin/logout/")
    assert is_in(client)
    client.post("/admin/logout/")

    assert client.post("/api/auth/refresh").status_code == 401
    visit_admin(client)
    assert not is_in(client)


def test_who_changes_the_password_in_the_admin_stays_there(client, moderator_mo):
    open_web_app(client)
    visit_admin(client)
    new = "kalpak-kumys-1"

    client.post(
        "/admin/password_change/",
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )

    assert is_in(client)
