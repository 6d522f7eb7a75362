"""A list at AniList in a real browser: connected, tried, imported, kept in step, disconnected."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes.browsing import IN_A_BROWSER, hear_refusals, visit_as
from tests.processes.installation import Installation
from tests.processes.test_browser_story import log_in
from tests.services import wait_for
from tests.sources.doubles import AniList
from tests.sources.doubles.anilist_lists import Person
from tests.sources.doubles.catalogue import BY_KEY

NAME = "Crane and Sword"
MEDIA = BY_KEY["crane"].anilist or 0

pytestmark = IN_A_BROWSER


@pytest.fixture
def site() -> Iterator[AniList]:
    with AniList() as double:
        yield double


@pytest.fixture
def aida(site: AniList) -> Person:
    """Somebody at AniList who reads one manga."""
    person = site.people.add("Aida")
    site.people.put(person, MEDIA, status="CURRENT", progress=4, score_raw=60)
    return person


def connect(page: Page) -> None:
    page.goto("/settings/anilist")
    page.get_by_test_id("anilist-connect").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_test_id("anilist-refusal")).to_contain_text("did not allow")
    page.get_by_test_id("anilist-connect").click()
    page.get_by_role("button", name="Authorize as Aida").click()
    expect(page.get_by_test_id("anilist-state")).to_contain_text("Connected as Aida")


def import_list(page: Page) -> None:
    page.get_by_role("button", name="Try it first").click()
    outcome = page.get_by_test_id("import-outcome")
    expect(outcome).to_contain_text("Nothing has been changed")
    expect(page.get_by_test_id("job-rows")).to_contain_text(NAME)
    expect(page.get_by_test_id("job-rows").locator("li")).to_have_attribute(
        "data-code", "would_add"
    )
    page.get_by_role("button", name="Import now").click()
    expect(outcome).to_contain_text("Imported")


def item_of(installation: Installation) -> dict[str, Any]:
    with installation.client("rina") as rina:
        items: list[dict[str, Any]] = rina.get("/api/library/items").json()["results"]
    return next(item for item in items if item["title"] == NAME)


def sync(page: Page, installation: Installation) -> None:
    """Have the list read now, and wait until it was."""
    with installation.client("rina") as rina:
        before = rina.get("/api/anilist/status").json()["pulled_at"]
        page.get_by_role("button", name="Sync now").click()

        def is_read() -> bool:
            now = rina.get("/api/anilist/status").json()
            return now["pulled_at"] != before and not now["is_reading"]

        wait_for("the list to be read", is_read)


def test_a_list_at_anilist_is_kept_in_step_by_its_owner(
    browser: Browser, embedded: Installation, site: AniList, aida: Person
) -> None:
    embedded.extra_env = {
        **embedded.extra_env, **site.environment(), "OUTBOUND_ALLOW_PRIVATE": "1",
        "MANGAKG_SITE_URL": embedded.url,
    }  # fmt: skip
    embedded.start()
    page = visit_as(browser, embedded, viewport={"width": 360, "height": 740})
    refused = hear_refusals(page)
    log_in(page, "rina")
    entry = aida.entries[MEDIA]

    connect(page)
    import_list(page)
    page.get_by_role("radio", name="Ask me").check()
    expect(page.get_by_test_id("toast").filter(has_text="Saved")).to_be_visible()

    # A step here arrives there, and the item says so.
    page.goto("/library")
    item = page.get_by_test_id("item").filter(has_text=NAME)
    mark = item.get_by_test_id("sync")
    expect(mark).to_have_attribute("data-sync", "synced")
    page.get_by_role("button", name=f"One more: {NAME}").click()
    wait_for("the step at AniList", lambda: entry.progress == 5)
    expect(mark).to_have_attribute("data-sync", "synced")

    # A change there comes here.
    site.people.put(aida, MEDIA, progress=9)
    page.goto("/settings/anilist")
    sync(page, embedded)
    assert item_of(embedded)["progress"] == 9

    # Changed on both sides while nothing was sent: the owner decides, and turns it round.
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_test_id("anilist-state")).to_contain_text("Paused")
    with embedded.client("rina") as rina:
        path = f"/api/library/items/{item_of(embedded)['id']}"
        assert rina.patch(path, json={"score": 80}).status_code == 200
    site.people.put(aida, MEDIA, score_raw=40)
    page.get_by_role("button", name="Go on").click()
    conflict = page.get_by_test_id("conflict")
    expect(conflict).to_have_attribute("data-kept", "waits")
    conflict.get_by_role("button", name="Take AniList's").click()
    expect(conflict).to_have_attribute("data-kept", "theirs")
    wait_for("AniList's score here", lambda: item_of(embedded)["score"] == 40)
    conflict.get_by_role("button", name="Use mine instead").click()
    expect(conflict).to_have_attribute("data-kept", "mine")
    wait_for("my score at AniList", lambda: entry.score_raw == 80)
    assert item_of(embedded)["score"] == 80

    page.get_by_role("button", name="Disconnect").click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(page.get_by_test_id("anilist-connect")).to_be_visible()
    assert item_of(embedded)["score"] == 80
    assert refused == []
