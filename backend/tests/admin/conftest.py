"""The admin's tests: a client for each of the cast, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect, sync_playwright

_CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture
def log_in():
    """Return a browser's client, logged in as somebody."""

    def client(user) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return client


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs an event loop in this thread; Django would take our queries for its own.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        path = str(_CHROMIUM) if _CHROMIUM.exists() else None
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments, timeout=180_000)
        expect.set_options(timeout=30_000)  # as pages wait, whose own limit it does not follow
        yield browser
        browser.close()
