"""A real browser before real processes: who has one, and what it is told off for."""

import os
import shutil

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes.installation import Installation

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
IN_A_BROWSER = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
# A busy machine hashes, starts the app and waits for a writer behind what is expected.
_MILLISECONDS = 60_000
expect.set_options(timeout=_MILLISECONDS)


def visit_as(browser: Browser, installation: Installation, **options) -> Page:
    """Return a page of a person of its own."""
    context = browser.new_context(base_url=installation.url, locale="en-US", **options)
    context.set_default_timeout(_MILLISECONDS)
    return context.new_page()


def hear_refusals(page: Page) -> list[str]:
    """Return a list that fills with what the page's own policy refuses, and with its crashes."""
    heard: list[str] = []
    page.on(
        "console",
        lambda said: heard.append(said.text) if "Content Security Policy" in said.text else None,
    )
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard
