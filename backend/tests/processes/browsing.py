"""A real browser with real processes: a page for each user, and the errors that it reports."""

import json
import os
import shutil
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes.installation import Installation

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
IN_A_BROWSER = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
# A busy machine takes longer to hash, to start the app and to wait for a writer.
_MILLISECONDS = 60_000
expect.set_options(timeout=_MILLISECONDS)


def visit_as(browser: Browser, installation: Installation, **options) -> Page:
    """Return a page of a user, in a browser context of its own."""
    context = browser.new_context(base_url=installation.url, locale="en-US", **options)
    context.set_default_timeout(_MILLISECONDS)
    return context.new_page()


def hear_refusals(page: Page) -> list[str]:
    """Return a list that fills with violations of the page's CSP and with its errors."""
    heard: list[str] = []
    page.on(
        "console",
        lambda said: heard.append(said.text) if "Content Security Policy" in said.text else None,
    )
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def ask_again(browser: Browser, installation: Installation, path: str) -> list[str]:
    """Open a page as a stranger; return what the app asked for although the page had brought it."""
    page, asked = visit_as(browser, installation), []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(path)
    held = answer.text().partition('id="first-data">')[2].partition("</script>")[0]
    paths = {urlsplit(address).path for address in json.loads(held)}
    expect(page.locator("#first-paint")).to_have_count(0)  # the app has drawn its own
    page.wait_for_load_state("networkidle")
    page.context.close()
    return [address for address in asked if urlsplit(address).path in paths]
