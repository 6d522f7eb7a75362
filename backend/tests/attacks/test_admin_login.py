"""The admin's session and forms: fixed, foreign, or leading away."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.cast import PASSWORD
from tests.processes.installation import Installation

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
SESSION = "mangakg_admin"


def token_of(page: httpx.Response) -> str:
    found = TOKEN.search(page.text)
    assert found, page.text
    return found[1]


def log_in(browser: httpx.Client, **form: str) -> httpx.Response:
    page = browser.get("/admin/login/")
    data = {
        "username": "mo", "password": PASSWORD, "next": "/admin/",
        "csrfmiddlewaretoken": token_of(page),
    }  # fmt: skip
    return browser.post("/admin/login/", data=data | form)


@pytest.fixture
def browser(server: Installation) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def test_a_session_that_was_slipped_in_is_not_the_one_that_is_logged_in(server, browser):
    planted = "a" * 32
    browser.cookies.set(SESSION, planted, domain="127.0.0.1", path="/")

    answer = log_in(browser)

    assert answer.status_code == 302, answer.text
    assert browser.get("/admin/").status_code == 200
    given = re.search(rf"{SESSION}=(\w+)", answer.headers["set-cookie"])
    assert given
    assert given[1] != planted
    stolen = httpx.get(f"{server.url}/admin/", cookies={SESSION: planted}, timeout=60)
    assert stolen.status_code == 302


def test_logging_out_ends_the_session_on_the_server(server, browser):
    answer = log_in(browser)
    given = re.search(rf"{SESSION}=(\w+)", answer.headers["set-cookie"])
    assert given
    kept = {SESSION: given[1]}
    page = browser.get("/admin/")
    assert httpx.get(f"{server.url}/admin/", cookies=kept, timeout=60).status_code == 200

    browser.post("/admin/logout/", data={"csrfmiddlewaretoken": token_of(page)})

    assert httpx.get(f"{server.url}/admin/", cookies=kept, timeout=60).status_code == 302


def test_cookies_of_the_admin_are_for_our_pages_only(browser):
    answer = log_in(browser)

    cookies = answer.headers.get_list("set-cookie")
    assert any(cookie.startswith(f"{SESSION}=") for cookie in cookies)
    for cookie in cookies:
        assert "samesite=strict" in cookie.lower()
        if cookie.startswith(SESSION):
            assert "httponly" in cookie.lower()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"},
     {"Referer": "https://evil.example/"}],
)  # fmt: skip
def test_a_foreign_form_does_nothing_in_the_admin(server, browser, headers):
    log_in(browser)
    before = server.rows("SELECT count(*) FROM accounts_auditentry")

    for path in ("/admin/catalog/tag/add/", "/admin/logout/", "/admin/password_change/",
                 "/i18n/setlang/", "/admin/login/"):  # fmt: skip
        # What is refused unread ends its connection.
        once = headers | {"Connection": "close"}
        answer = browser.post(path, data={"name": "x", "language": "ru"}, headers=once)
        assert answer.status_code == 403, path

    assert browser.get("/admin/").status_code == 200
    assert server.rows("SELECT count(*) FROM accounts_auditentry") == before


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "https:evil.example",
     "javascript:alert(1)", "\\\\evil.example", "http:///evil.example", "/%09/evil.example",
     "///evil.example", "https://127.0.0.1@evil.example/", "data:text/html,x"],
)  # fmt: skip
def test_nothing_leads_to_another_site(browser, target):
    after_login = log_in(browser, next=target)
    page = browser.get("/admin/")
    token = {"csrfmiddlewaretoken": token_of(page)}
    after_language = browser.post("/i18n/setlang/", data={"language": "ru", "next": target} | token)
    after_logout = browser.post("/admin/logout/", data={"next": target} | token)

    for answer in (after_login, after_language, after_logout):
        assert answer.status_code in (200, 302), answer.text
        location = answer.headers.get("location", "/")
        assert re.match(r"/(?![/\\])", location), location
        assert "evil" not in location or location.startswith("/%09/")


@pytest.mark.parametrize(
    "path", ["//evil.example/", "//evil.example", "/%2f/evil.example/", "/\\evil"]
)
def test_no_address_of_ours_redirects_away(browser, path):
    answer = browser.get(f"{browser.base_url}".rstrip("/") + path)

    assert "location" not in answer.headers
