"""Cookies are taken from our own pages only, and given to no other."""

import pytest
from django.conf import settings as django_settings
from rest_framework.test import APIClient

from accounts.auth.sessions import open_session
from accounts.models import Session
from tests.cast import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

FOREIGN = [
    {"HTTP_SEC_FETCH_SITE": "cross-site"},
    {"HTTP_SEC_FETCH_SITE": "same-site"},
    {"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_ORIGIN": "http://testserver"},
    {"HTTP_ORIGIN": "https://evil.example"},
    {"HTTP_ORIGIN": "http://testserver.evil.example"},
    {"HTTP_ORIGIN": "https://testserver"},
    {"HTTP_ORIGIN": "null"},
]
OURS = [
    {},
    {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "http://testserver"},
    {"HTTP_ORIGIN": "http://testserver"},
    {"HTTP_ORIGIN": "https://manga.example"},
]


@pytest.fixture
def browser(settings, reader_rina) -> APIClient:
    settings.SITE_URL = "https://manga.example"
    client = APIClient()
    client.cookies[settings.REFRESH_COOKIE_NAME] = open_session(reader_rina).refresh_token
    return client


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/api/auth/refresh", "/api/auth/logout"])
def test_a_foreign_page_does_nothing_with_the_cookie(browser, path, headers):
    answer = browser.post(path, {}, format="json", **headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert django_settings.REFRESH_COOKIE_NAME not in answer.cookies
    assert browser.post("/api/auth/refresh", {}, format="json").status_code == 200


@pytest.mark.parametrize("headers", OURS)
def test_our_own_pages_do(browser, headers):
    assert browser.post("/api/auth/refresh", {}, format="json", **headers).status_code == 200
    assert browser.post("/api/auth/logout", {}, format="json", **headers).status_code == 204


@pytest.mark.parametrize("headers", FOREIGN)
def test_no_foreign_form_logs_somebody_in_as_somebody_else(reader_rina, headers):
    form = {"username": "rina", "password": PASSWORD, "cookie": "1"}

    answer = APIClient().post("/api/auth/token", form, **headers)

    assert answer.status_code == 403
    assert not answer.cookies
    assert not Session.objects.exists()


def test_a_program_elsewhere_logs_in_without_a_cookie(reader_rina):
    form = {"username": "rina", "password": PASSWORD}

    answer = APIClient().post("/api/auth/token", form, HTTP_ORIGIN="https://evil.example")

    assert answer.status_code == 200


# --- Cross-origin -------------------------------------------------------------------------------


def preflight(origin: str, path: str = "/api/auth/refresh"):
    return APIClient().options(path, HTTP_ORIGIN=origin, HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST")


def test_only_listed_origins_may_read_and_never_with_cookies(settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]

    listed, other, null = (
        preflight(origin) for origin in ("https://app.example", "https://evil.example", "null")
    )

    assert listed["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Access-Control-Allow-Origin" not in other
    assert "Access-Control-Allow-Origin" not in null
    for answer in (listed, other, null):
        assert "Access-Control-Allow-Credentials" not in answer


def test_nothing_but_the_api_is_shared_with_other_origins(settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]

    for path in ("/admin/", "/", "/metrics", "/healthz"):
        answer = APIClient().get(path, HTTP_ORIGIN="https://app.example")
        assert "Access-Control-Allow-Origin" not in answer
