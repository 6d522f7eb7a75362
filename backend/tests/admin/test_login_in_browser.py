"""Setting up a second factor and logging in with it, in a real browser under the real policy."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.cast import PASSWORD, totp_code

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.same_everywhere]


@pytest.fixture
def phone(chromium, live_server):
    """Return a page as wide as a small phone, and what its policy forbade."""
    contexts = []

    def visit() -> tuple[Page, list[str]]:
        context = chromium.new_context(
            base_url=live_server.url, viewport={"width": 360, "height": 740}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        complaints: list[str] = []
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
        )
        return page, complaints

    yield visit
    for context in contexts:
        context.close()


def log_in(page: Page) -> None:
    page.goto("/admin/reader/upload/")
    page.fill("#id_username", "mo")
    page.fill("#id_password", PASSWORD)
    page.click("#login-form input[type=submit]")


def test_from_the_first_picture_to_the_second_login(phone, moderator_mo, settings):
    settings.STAFF_SECOND_FACTOR = True
    page, complaints = phone()

    log_in(page)
    expect(page.locator(".qr")).to_be_visible()
    # By a function: an expression that has to wait is evaluated again, which the policy forbids.
    page.wait_for_function("() => document.querySelector('.qr').naturalWidth > 0")
    page.click(".second-factor summary")
    secret = page.locator(".key").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.fill("#id_code", totp_code(secret))
    page.fill("#id_password", PASSWORD)
    page.click("#second-factor-form input[type=submit]")
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.click("#go-on")
    expect(page).to_have_url(re.compile("/admin/reader/upload/$"))

    other, more = phone()
    log_in(other)
    expect(other.locator("#id_code")).to_be_visible()
    other.fill("#id_code", "000000")
    other.click("#code-form input[type=submit]")
    expect(other.locator(".errorlist")).to_contain_text("The code is wrong")
    other.fill("#id_code", totp_code(secret, steps=1))  # this half minute's was used
    other.click("#code-form input[type=submit]")
    expect(other).to_have_url(re.compile("/admin/reader/upload/$"))
    assert complaints == more == []
