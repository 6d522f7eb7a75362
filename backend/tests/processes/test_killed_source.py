"""Everything is killed while a chapter comes from a source: it is finished, with no page twice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.processes.held_storages import STORED_WHILE_HELD
from tests.processes.installation import Installation
from tests.services import wait_for
from tests.sources.doubles.catalogue import ALA_TOO, BY_KEY, Chapter
from tests.sources.doubles.mangadex import MangaDex

PAGES = STORED_WHILE_HELD + 4


@pytest.fixture
def mangadex() -> Iterator[MangaDex]:
    """MangaDex with one title, which has one long chapter."""
    with MangaDex() as site:
        chapters = (Chapter("1", "en", ALA_TOO, pages=PAGES, title="The pass"),)
        site.works = (replace(BY_KEY["wolf"], chapters=chapters),)
        yield site


def fetched_pages(site: MangaDex) -> Counter[str]:
    """Return how often each page was asked for."""
    pages = (heard.path for heard in site.requests if heard.path.startswith("/node/"))
    return Counter(path.rpartition("/")[2] for path in pages)


def test_a_chapter_that_is_cut_off_by_a_kill_is_fetched_to_its_end_once(
    installation: Installation, mangadex: MangaDex
) -> None:
    installation.extra_env = {
        **installation.extra_env, **mangadex.addresses(), "OUTBOUND_ALLOW_PRIVATE": "1",
    }  # fmt: skip
    installation.hold_storage()
    installation.start()
    installation.run("-m", "tests.processes.taking", mangadex.works[0].mangadex_id)
    wait_for("a page too many", lambda: len(fetched_pages(mangadex)) > STORED_WHILE_HELD)

    installation.kill(installation.aim("everything"))
    assert installation.rows("SELECT state FROM sources_sourcechapter") == [("fetching",)]
    assert installation.rows("SELECT count(*) FROM reader_upload") == [(0,)]
    installation.release_storage()
    installation.start()
    wait_for(
        "the upload",
        lambda: installation.rows("SELECT id FROM reader_upload WHERE state = 'awaiting_review'"),
        seconds=300,
    )

    fetched = fetched_pages(mangadex)
    assert len(fetched) == PAGES
    assert sum(fetched.values()) <= PAGES + 1  # the one that was not stored when the kill came
    [(source, title, pages)] = installation.rows(
        "SELECT source, title, page_count FROM reader_upload"
    )
    assert (source, title, pages) == ("mangadex", "The pass", PAGES)
    wait_for(
        "the end of its private pages",
        lambda: not [n for n in installation.stored("quarantine") if n.startswith("sources/")],
    )
    installation.stop()
