"""Kitsu as a source, against its double."""

from typing import Any

import pytest

from sources.contract import Gone, Kind, Rating, SourceFailed, Status
from sources.plugins import kitsu
from tests.sources.double import cloudflare, limited, say_json
from tests.sources.doubles.catalogue import BY_KEY
from tests.sources.plugins.odd_answers import odd_answers

pytestmark = pytest.mark.same_everywhere


@pytest.fixture
def both(connect: Any) -> Any:
    return connect("kitsu")


def test_a_name_is_searched_in_both_sections_in_turn(both):
    source, site = both

    found = source.search("wolf")

    assert [(one.id, one.kind) for one in found] == [
        ("manga-501", Kind.MANGA), ("anime-601", Kind.ANIME),
    ]  # fmt: skip
    assert site.paths() == ["/api/edge/manga", "/api/edge/anime"]


def test_only_titles_of_the_kind_are_found_and_one_section_is_asked(both):
    source, site = both

    assert [one.name for one in source.search("s", kind=Kind.MOVIE)] == ["Wings of the Steppe"]
    assert [one.name for one in source.search("l", kind=Kind.NOVEL)] == ["Letters from Osh"]
    assert source.search("s", kind=Kind.SHOW) == []
    assert site.paths() == ["/api/edge/anime", "/api/edge/manga"]


def test_adult_titles_are_found_only_where_they_are_asked_for(both):
    source, site = both
    site.overrides[502] = {"ageRating": "R18"}

    assert source.search("salt") == []
    assert [one.rating for one in source.search("salt", adult=True)] == [Rating.PORNOGRAPHIC]


def test_details_know_the_ids_at_other_sites(both):
    source, _site = both

    found = source.get_details("manga-502")

    assert (found.name, found.original_name, found.status) == (
        "Salt Road", "塩の道", Status.COMPLETED,
    )  # fmt: skip
    assert (found.length, found.volumes, found.year, found.genres) == (24, 3, 2012, ("Historical",))
    assert found.external_ids == {"kitsu": "manga-502", "anilist": "30102", "mal": "9102"}
    assert found.site_url == "https://kitsu.app/manga/salt"


@pytest.mark.parametrize("wrong", ["", "502", "manga-", "manga-x", "users-1", "manga-1/../2"])
def test_an_id_that_is_none_is_not_asked_for(both, wrong):
    source, site = both

    with pytest.raises(Gone):
        source.get_details(wrong)

    assert site.requests == []


def test_an_unknown_title_is_gone(both):
    source, _site = both

    with pytest.raises(Gone):
        source.get_details("anime-502")  # which is a manga there


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (cloudflare(), "source_down"),
        (limited(retry_after=5), "source_limited"),
        (say_json({"errors": [{"title": "no"}]}), "source_unreadable"),
        (say_json("no"), "source_unreadable"),
    ],
)
def test_what_is_wrong_is_told_apart(both, fault, code):
    source, site = both
    site.plan(fault)

    with pytest.raises(SourceFailed) as failed:
        source.search("wolf", kind=Kind.MANGA)

    assert failed.value.code == code


def test_no_odd_value_is_taken_for_what_it_is_not(both):
    _source, site = both
    salt = BY_KEY["salt"]

    for odd in odd_answers({"data": site.resource(salt), "included": site.included(salt)}):
        included = odd["included"] if isinstance(odd["included"], list) else []
        found = kitsu._title(odd["data"], included)
        assert found is None or 0 < len(found.name) <= 300
