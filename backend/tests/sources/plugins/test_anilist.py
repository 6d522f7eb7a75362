"""AniList as a source, against its double."""

from typing import Any

import pytest
from graphql import build_schema, parse, validate

from sources.contract import CreditRole, Gone, Kind, Rating, SourceFailed, Status, Unreadable
from sources.plugins import anilist
from tests.sources.double import cloudflare, cut, say_json
from tests.sources.doubles.anilist import (
    MAX_COMPLEXITY,
    SIGNATURES,
    complexity,
    outage,
    too_many,
)
from tests.sources.doubles.catalogue import BY_KEY
from tests.sources.plugins.odd_answers import odd_answers

pytestmark = pytest.mark.same_everywhere


@pytest.fixture
def both(connect: Any) -> Any:
    return connect("anilist")


@pytest.mark.parametrize("query", [anilist.SEARCH, anilist.DETAILS])
def test_each_query_is_valid_and_not_too_complex(query):
    assert validate(build_schema(SIGNATURES.read_text()), parse(query)) == []
    assert complexity(query) <= MAX_COMPLEXITY


def test_a_name_is_searched_among_all_kinds(both):
    source, site = both

    found = source.search("wo")

    assert [(one.id, one.kind, one.length) for one in found] == [
        ("30101", Kind.MANGA, None), ("30106", Kind.MANHUA, 60), ("40110", Kind.ANIME, 24),
    ]  # fmt: skip
    assert site.requests[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Kind.MANGA, ["Salt Road", "Riders of Kok-Boru"]),
        (Kind.MANHWA, ["Moon over Son-Kul"]),
        (Kind.MANHUA, ["Crane and Sword"]),
        (Kind.NOVEL, ["Letters from Osh"]),
        (Kind.ANIME, ["Horse Thief Academy"]),
        (Kind.MOVIE, ["Wings of the Steppe"]),
        (Kind.SHOW, []),
    ],
)
def test_only_titles_of_the_kind_are_found(both, kind, names):
    source, site = both

    found = source.search("o", kind=kind)

    assert {one.kind for one in found} <= {kind}
    assert set(names) <= {one.name for one in found}
    assert len(site.requests) == (kind != Kind.SHOW)


def test_adult_titles_are_found_only_where_they_are_asked_for(both):
    source, _site = both

    assert source.search("bazaar") == []
    assert [one.rating for one in source.search("bazaar", adult=True)] == [Rating.PORNOGRAPHIC]
    assert source.search("kok-boru")[0].rating == Rating.SUGGESTIVE  # ecchi is not adult there


def test_an_adult_title_is_left_out_though_the_site_sends_it(both):
    source, site = both
    site.overrides[30102] = {"isAdult": True}

    assert source.search("salt") == []


def test_details_name_people_relations_and_ids(both):
    source, _site = both

    wolf, anime = source.get_details("30101"), source.get_details("40110")

    assert (wolf.name, wolf.original_name, wolf.original_language) == (
        "Blue Wolf of the Pass", "青い狼", "ja",
    )  # fmt: skip
    assert [(one.name, one.language) for one in wolf.aliases] == [
        ("Aoi Ōkami", "ja-latn"), ("Синий волк перевала", ""), ("Ашуунун көк бөрүсү", ""),
    ]  # fmt: skip
    # Of the HTML the text stays, and of what is marked as a spoiler nothing.
    assert wolf.synopsis == {"en": "A shepherd girl follows a wolf.\n\nIt knows the way. & more."}
    assert (wolf.status, wolf.year, wolf.rating) == (Status.ONGOING, 2019, Rating.SAFE)
    assert wolf.external_ids == {"anilist": "30101", "mal": "9101"}
    assert wolf.site_url == "https://anilist.co/manga/30101"
    assert [(one.name, one.role) for one in wolf.people] == [
        ("Asel Tanaka", CreditRole.AUTHOR), ("Ren Mori", CreditRole.ARTIST),
    ]  # fmt: skip
    assert [(one.relation, one.id, one.kind) for one in wolf.relations] == [
        ("ADAPTATION", "40110", Kind.ANIME), ("SIDE_STORY", "30102", Kind.MANGA),
    ]  # fmt: skip
    assert ("Studio Karakol", CreditRole.STUDIO) in [(one.name, one.role) for one in anime.people]
    assert (anime.length, anime.duration_minutes, anime.format) == (24, 24, "TV")


def test_a_title_of_which_nearly_nothing_is_known_is_taken(both):
    source, _site = both

    found = source.get_details("30113")

    assert (found.name, found.kind) == ("無名峰", Kind.MANGA)
    assert (found.status, found.rating, found.year, found.format, found.length) == (
        None, None, None, "", None,
    )  # fmt: skip


@pytest.mark.parametrize("title_id", ["", "0", "-5", "1e3", "../30101", "9" * 12, "٣٠١٠١"])
def test_an_id_that_is_none_is_not_asked_for(both, title_id):
    source, site = both

    with pytest.raises(Gone):
        source.get_details(title_id)

    assert site.requests == []


def test_an_unknown_title_is_gone(both):
    source, _site = both

    with pytest.raises(Gone):
        source.get_details("999")


def _with_errors(status: int | None, message: str = "broken", http: int = 200) -> Any:
    return say_json({"data": None, "errors": [{"message": message, "status": status}]}, http)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (outage(), "source_down"),
        (cloudflare(), "source_down"),
        (cut(), "source_down"),
        (too_many(), "source_limited"),
        (too_many(with_headers=False), "source_limited"),
        (_with_errors(429), "source_limited"),  # also in an answer of 200
        (_with_errors(403), "source_down"),
        (_with_errors(500), "source_down"),
        (_with_errors(None), "source_unreadable"),
        (_with_errors(400, "Invalid token", 400), "source_unreadable"),
        (say_json({"errors": [], "data": None}), "source_unreadable"),
        (say_json([]), "source_unreadable"),
        (cloudflare(200), "source_unreadable"),
    ],
)
def test_what_is_wrong_is_told_apart(both, fault, code):
    source, site = both
    site.plan(fault)

    with pytest.raises(SourceFailed) as failed:
        source.search("wolf")

    assert failed.value.code == code


def test_details_of_another_title_are_not_taken(both):
    source, site = both
    site.overrides[30101] = {"id": 30102}

    with pytest.raises(Unreadable):
        source.get_details("30101")


def test_no_odd_value_is_taken_for_what_it_is_not(both):
    _source, site = both
    media = site.media(BY_KEY["wolf-anime"])

    for odd in odd_answers(media):
        found = anilist.read_title(odd)

        if found is not None:
            assert 0 < len(found.name) <= 300
            texts = [found.name, found.original_name, *found.genres, *found.synopsis.values()]
            assert not [text for text in texts if "\x00" in text or "\u202e" in text]
            assert found.length is None or 0 < found.length <= 100_000
            assert found.cover_url == "" or found.cover_url.startswith(site.url)
            assert len(found.synopsis.get("en", "")) <= 10_000
