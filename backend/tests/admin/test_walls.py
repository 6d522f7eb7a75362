"""The admin's walls: what is sent is counted, and only from forms of its own."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver

pytestmark = pytest.mark.django_db


def test_what_is_sent_is_counted_and_what_is_read_is_not(log_in, limit, moderator_mo):
    limit("user", 2)
    browser = log_in(moderator_mo)

    answers = [browser.post("/admin/reader/upload/", {}) for _time in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "15"
    assert browser.get("/admin/reader/upload/").status_code == 200


def addresses() -> Iterator[str]:
    """Every address of the admin, with a number where it takes one."""
    yield from _walk(admin.site.urls[0], "/admin/")
    yield "/i18n/setlang/"


def _walk(patterns: list[URLPattern | URLResolver], start: str) -> Iterator[str]:
    for pattern in patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, start + route)
        elif "^" not in route and "?P" not in route:
            for taken in ("<path:object_id>", "<int:pk>", "<int:upload_id>", "<id>"):
                route = route.replace(taken, "1")
            yield start + route


def test_nothing_is_taken_without_a_token_of_a_form_of_ours(admin_aida):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin_aida)
    taken = {}

    for address in addresses():
        answer = browser.post(address, {"next": "/"})
        if answer.status_code not in (403, 404):
            taken[address] = answer.status_code

    assert taken == {}
    assert browser.get("/admin/").status_code == 200  # and she is still logged in
