"""Every page that we make, in a real browser under its real policy: nothing is forbidden to it.

Nor does anything in the admin keep people out who see, hear or move otherwise (axe).
"""

import re
from collections.abc import Iterator
from itertools import cycle
from typing import Literal
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
AXE = settings.REPOSITORY / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# Pages are looked at in turns; another order on another run would be chance.
VIEWS: tuple[tuple[int, Literal["light", "dark"]], ...] = (
    (360, "light"), (1440, "dark"), (360, "dark"), (1440, "light"),
)  # fmt: skip
RUN_AXE = """async () => {
    // Without preload it writes no style into the page, which the policy would forbid.
    const { violations } = await axe.run({ resultTypes: ["violations"], preload: false });
    return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
        .map(({ id, nodes }) => `${id}: ${nodes.map(one => one.html).join(" ")}`);
}"""
IS_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


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


def faults_of(page: Page, axe: str) -> list[str]:
    """Return what is seriously wrong with a page for some people, and if it is too wide."""
    page.evaluate(axe)  # which no policy of the page has a say in
    found = page.evaluate(RUN_AXE)
    if page.evaluate(IS_TOO_WIDE):
        found.append("too wide")
    return [f"{page.url}, {page.viewport_size}: {one}" for one in found]


@pytest.mark.no_cover  # what it walks, quicker tests cover
def test_every_page_of_the_admin_keeps_its_policy_and_can_be_used_by_everybody(
    page, complaints, live_server, uploader_uli, reader_rina
):
    axe, faults, views = AXE.read_text(), [], cycle(VIEWS)
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
        width, theme = next(views)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        answer = page.goto(address, wait_until="load")
        assert answer is not None
        assert answer.status < 500, address
        policy = answer.headers.get("content-security-policy", "")
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy, address
        if "?" not in address:  # the same page, filtered or in a window
            faults += faults_of(page, axe)
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
        waiting += [
            link.removeprefix(live_server.url).partition("#")[0]
            for link in links
            if link.startswith(f"{live_server.url}/admin/")
        ]

    assert not waiting or all(kind_of(address) in seen for address in waiting)
    assert len(seen) > 40
    assert complaints == []
    assert faults == []


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
