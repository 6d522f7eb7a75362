"""Outside catalogues in a real browser: a manga that only AniList knows comes into a library."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.processes.browsing import IN_A_BROWSER, hear_refusals, visit_as
from tests.processes.installation import Installation
from tests.processes.test_browser_story import log_in
from tests.services import wait_for
from tests.sources.doubles import DOUBLES

NAME = "Crane and Sword"

pytestmark = IN_A_BROWSER


@pytest.fixture
def catalogues(embedded: Installation) -> Iterator[Installation]:
    """An installation that asks the doubles in place of the sites."""
    with ExitStack() as stack:
        addresses: dict[str, str] = {}
        for make in DOUBLES.values():
            addresses |= stack.enter_context(make()).addresses()
        embedded.extra_env = {**embedded.extra_env, **addresses, "OUTBOUND_ALLOW_PRIVATE": "1"}
        yield embedded


def test_a_manga_that_only_anilist_knows_comes_into_a_library(
    browser: Browser, catalogues: Installation
) -> None:
    catalogues.start()
    reader = visit_as(browser, catalogues, viewport={"width": 360, "height": 740})
    refused = hear_refusals(reader)
    log_in(reader, "rina")

    reader.goto("/library")
    reader.get_by_role("main").get_by_role("button", name="Add a title").click()
    reader.get_by_test_id("add-search").fill("crane and")
    row = reader.get_by_test_id("add-found").filter(has_text=NAME)
    expect(row).to_contain_text("AniList")
    expect(row).to_contain_text("of 60")
    expect(row).not_to_contain_text("Here")
    reader.get_by_test_id("add-search").press("Enter")
    expect(row).to_contain_text("Planned")
    expect(reader.get_by_test_id("toast")).to_contain_text(NAME)

    with catalogues.client("rina") as rina:

        def with_cover() -> dict[str, Any] | None:
            items = rina.get("/api/library/items").json()["results"]
            return next((item for item in items if item["cover"]), None)

        # It is fetched by a worker and kept here.
        item = wait_for("the cover", with_cover)
    reader.goto(f"/titles/p-{item['title_id']}")
    expect(reader.get_by_role("heading", name=NAME)).to_be_visible()
    expect(reader.get_by_test_id("title-sources")).to_contain_text("AniList")
    expect(reader.get_by_test_id("my-state")).to_contain_text("Planned")

    reader.goto("/sources")
    states = reader.get_by_test_id("source-state")
    expect(states.first).to_have_attribute("data-state", re.compile("up|slow"))
    assert refused == []
