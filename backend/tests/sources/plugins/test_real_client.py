"""The shipped sources through the client that they are given in a worker, against their doubles."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from common.models import OutboundBudget
from sources.answers.clients import call_source
from sources.contract import SourceFailed
from tests.sources.double import cloudflare, limited
from tests.sources.doubles import DOUBLES
from tests.sources.doubles.anilist import outage
from tests.sources.doubles.catalogue import BY_KEY, page_bytes
from tests.sources.doubles.mangadex import Node

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]


@pytest.fixture
def sites(settings: Any) -> Iterator[dict[str, Any]]:
    settings.OUTBOUND_ALLOW_PRIVATE = True  # for nodes, whose addresses come from answers
    with ExitStack() as stack:
        started = {name: stack.enter_context(make()) for name, make in DOUBLES.items()}
        for site in started.values():
            settings.SOURCE_ADDRESSES = {**settings.SOURCE_ADDRESSES, **site.addresses()}
        yield started


def test_a_chapter_is_fetched_though_a_node_is_bad(sites):
    site = sites["mangadex"]
    source = call_source("mangadex")
    chapter = source.get_chapters(BY_KEY["naryn"].mangadex_id, languages=["ky"])[0]
    images = source.get_images(chapter.id)
    site.nodes = [Node("cut"), Node()]

    page = source.get_image(images[0])

    assert page == page_bytes(chapter.id, 1)
    assert [one["success"] for one in site.reports] == [False, True]
    assert all(r.headers["user-agent"].startswith("MangaKG (+") for r in site.requests)
    assert not [r for r in site.requests if "via" in r.headers or "authorization" in r.headers]
    budgets = set(OutboundBudget.objects.values_list("name", flat=True))
    assert {"mangadex", "mangadex.at-home", "mangadex.pages", "mangadex.reports"} <= budgets


@pytest.mark.parametrize(
    ("name", "fault", "code"),
    [
        ("anilist", outage(), "source_down"),
        ("anilist", limited(retry_after=60), "source_limited"),
        ("kitsu", cloudflare(403), "source_down"),
        ("mangadex", limited(x_ratelimit_retry_after=9_999_999_999), "source_limited"),
    ],
)
def test_what_is_wrong_is_told_apart(sites, name, fault, code):
    sites[name].plan(fault)

    with pytest.raises(SourceFailed) as failed:
        call_source(name, urgent=True).search("wolf")

    assert failed.value.code == code
    assert code == "source_down" or failed.value.until is not None


def test_titles_are_found_everywhere(sites):
    found = {name: call_source(name).search("salt")[0] for name in DOUBLES}

    assert {one.name for one in found.values()} == {"Salt Road"}
    assert {one.external_ids["anilist"] for one in found.values() if one.id != "manga-502"} == {
        "30102"
    }
