"""Every page that we make, in a real browser under its real policy: nothing is forbidden to it."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from catalog.choices import Moderation
from tests.cast import make_title, make_upload
from tests.services import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.same_everywhere]

WATCH = """addEventListener("securitypolicyviolation", event => {
    console.error(`forbidden: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});"""
MAX_PAGES = 150


@pytest.fixture
def page(chromium: Browser, live_server, admin_aida) -> Iterator[Page]:
    """A page of Aida's, who sees everything; `complaints` is what its policies forbade."""
    context = chromium.new_context(base_url=live_server.url)
    browser = Client()
    browser.force_login(admin_aida)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    context.add_init_script(WATCH)
    yield context.new_page()
    context.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    found: list[str] = []

    def hear(message) -> None:
        if "forbidden: " in message.text or "Content Security Policy" in message.text:
            found.append(f"{page.url}: {message.text}")

    page.on("console", hear)
    return found


def kind_of(address: str) -> str:
    """One of many pages that differ by a number, or by what is filtered, stands for all."""
    parts = urlsplit(address)
    return re.sub(r"\d+", "1", parts.path) + "?" * bool(parts.query)


@pytest.mark.no_cover  # what it walks, quicker tests cover
def test_no_page_of_the_admin_does_what_its_policy_forbids(
    page, complaints, live_server, uploader_uli, reader_rina
):
    series = make_title("Berserk")
    make_title("Waits", moderation=Moderation.PENDING, created_by=uploader_uli)
    make_upload(uploader=uploader_uli, series=series, state="live")
    make_upload(uploader=uploader_uli, series=series)
    seen: set[str] = set()
    waiting = ["/admin/"]

    while waiting and len(seen) < MAX_PAGES:
        address = waiting.pop(0)
        if kind_of(address) in seen:
            continue
        seen.add(kind_of(address))
        answer = page.goto(address, wait_until="load")
        assert answer is not None
        assert answer.status < 500, address
        policy = answer.headers.get("content-security-policy", "")
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy, address
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
        waiting += [
            link.removeprefix(live_server.url).partition("#")[0]
            for link in links
            if link.startswith(f"{live_server.url}/admin/")
        ]

    assert not waiting or all(kind_of(address) in seen for address in waiting)
    assert len(seen) > 40
    assert complaints == []


def test_the_api_docs_work_under_their_policy(page, complaints):
    page.goto("/api/docs")

    expect(page.locator(".opblock").first).to_be_visible(timeout=30_000)
    page.locator(".opblock-summary-control").first.click()
    expect(page.locator(".opblock-body").first).to_be_visible()
    page.get_by_role("button", name="Authorize").first.click()
    expect(page.locator(".modal-ux")).to_be_visible()
    assert complaints == []


def test_what_is_slipped_into_a_page_does_not_run(page, complaints):
    """The watch itself works: a script and a style inline, and a script from elsewhere."""
    page.goto("/admin/")

    page.evaluate("""() => {
        for (const html of ["<script>ran = 1</script>", "<style>a {}</style>"]) {
            document.body.append(document.createRange().createContextualFragment(html));
        }
        const script = document.createElement("script");
        script.src = "https://evil.example/x.js";
        document.body.append(script);
    }""")

    def forbidden() -> int:
        page.wait_for_timeout(50)  # what the browser says comes as events
        return len([text for text in complaints if "forbidden: " in text])

    wait_for("three complaints", lambda: forbidden() >= 3)
    assert page.evaluate("typeof ran") == "undefined"
    assert forbidden() == 3
