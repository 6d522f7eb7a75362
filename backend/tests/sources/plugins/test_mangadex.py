"""MangaDex as a source, against its double: titles, chapters, pages from strangers' machines."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sources.contract import FoundImage, Gone, Kind, Rating, SourceFailed, Status
from sources.plugins import mangadex
from tests.sources.double import Heard, Said, cloudflare, limited, say_json
from tests.sources.doubles.catalogue import ALA_TOO, BY_KEY, OSH, Chapter, page_bytes
from tests.sources.doubles.mangadex import Node
from tests.sources.plugins.odd_answers import odd_answers

pytestmark = pytest.mark.same_everywhere
WOLF = BY_KEY["wolf"]


@pytest.fixture
def both(connect: Any) -> Any:
    return connect("mangadex")


def first_chapter(source: Any) -> str:
    return str(source.get_chapters(WOLF.mangadex_id, languages=["ky"])[0].id)


# --- Titles ---------------------------------------------------------------------------------------


def test_a_name_in_any_language_finds_a_title_with_its_cover_and_ids(both):
    source, site = both

    [found] = source.search("көк бөрүсү")

    assert (found.name, found.kind, found.year) == ("Blue Wolf of the Pass", Kind.MANGA, 2019)
    assert {one.language: one.name for one in found.aliases} == {
        "ja": "青い狼", "ja-latn": "Aoi Ōkami", "ru": "Синий волк перевала",
        "ky": "Ашуунун көк бөрүсү",
    }  # fmt: skip
    assert found.external_ids == {
        "mangadex": WOLF.mangadex_id, "anilist": "30101", "mal": "9101", "kitsu": "manga-501",
    }  # fmt: skip
    assert found.cover_url == f"{site.url}/uploads/covers/{found.id}/wolf.jpg.512.jpg"
    assert [(one.name, one.role.value) for one in found.people] == [
        ("Asel Tanaka", "author"), ("Ren Mori", "artist"),
    ]  # fmt: skip


def test_only_titles_of_the_kind_are_found(both):
    source, site = both

    assert [one.name for one in source.search("o", kind=Kind.MANHWA)] == ["Moon over Son-Kul"]
    assert [one.name for one in source.search("yurt", kind=Kind.COMIC)] == ["The Yurt That Walked"]
    asked = len(site.requests)
    assert source.search("wolf", kind=Kind.ANIME) == []
    assert len(site.requests) == asked


def test_adult_titles_are_found_only_where_they_are_asked_for_and_have_their_chapters(both):
    source, _site = both

    assert source.search("bazaar") == []
    [found] = source.search("bazaar", adult=True)

    assert found.rating == Rating.PORNOGRAPHIC
    assert len(source.get_chapters(found.id)) == 2


def test_details_know_how_long_a_title_is_once_it_is_completed(both):
    source, _site = both

    wolf, salt = (source.get_details(BY_KEY[key].mangadex_id) for key in ("wolf", "salt"))
    yurt = source.get_details(BY_KEY["yurt"].mangadex_id)

    assert (wolf.status, wolf.length) == (Status.ONGOING, None)
    assert (salt.status, salt.length, salt.volumes) == (Status.COMPLETED, 24, 3)
    assert [(one.relation, one.name) for one in wolf.relations] == [("SIDE_STORY", "Salt Road")]
    assert (yurt.synopsis, yurt.numbers_restart_per_volume) == ({}, True)  # PHP's empty map


@pytest.mark.parametrize("wrong", ["", "30101", "../../ping", WOLF.mangadex_id + "/feed", "x" * 36])
def test_an_id_that_is_none_is_not_asked_for(both, wrong):
    source, site = both

    for ask in (source.get_details, source.get_chapters, source.get_images):
        with pytest.raises(Gone):
            ask(wrong)
    with pytest.raises(Gone):
        source.get_image(FoundImage(f"{wrong}/1.png"))

    assert site.requests == []


def test_an_unknown_title_or_chapter_is_gone(both):
    source, _site = both
    nobody = "00000000-0000-4000-8000-000000000000"

    for ask in (source.get_details, source.get_chapters, source.get_images):
        with pytest.raises(Gone):
            ask(nobody)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (cloudflare(403), "source_down"),
        (limited(), "source_limited"),
        (say_json({"result": "error", "errors": []}), "source_unreadable"),
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


# --- Chapters -------------------------------------------------------------------------------------


def test_chapters_of_all_languages_and_groups_come_in_reading_order(both):
    source, _site = both

    found = source.get_chapters(WOLF.mangadex_id)

    assert len(found) == len(WOLF.chapters)
    assert [one.number for one in found] == sorted(Decimal(c.number) for c in WOLF.chapters)
    of_one = {(one.language, one.groups) for one in found if one.number == 1}
    assert of_one == {("en", (ALA_TOO,)), ("ru", (OSH,)), ("ru", (ALA_TOO,)), ("ky", (OSH,))}
    external = found[-1]
    assert (external.external_url, external.page_count, external.groups) == (
        "https://reader.example/wolf/6", 0, (),
    )  # fmt: skip
    assert found[0].published_at is not None
    assert (found[0].volume, found[0].page_count) == (1, 3)
    assert all(len(one.group_ids) == len(one.groups) for one in found)


def test_a_one_shot_has_no_number_and_languages_are_those_of_bcp_47(both):
    source, site = both
    naryn = BY_KEY["naryn"]
    chapters = (*naryn.chapters, Chapter(None, "es-la", OSH, title="Tren nocturno"))
    site.works = (replace(naryn, chapters=chapters),)

    found = source.get_chapters(naryn.mangadex_id)
    spanish = source.get_chapters(naryn.mangadex_id, languages=["es-419"])

    assert {(one.number, one.language) for one in found} == {
        (None, "en"), (None, "ky"), (None, "es-419"),
    }  # fmt: skip
    assert [one.title for one in spanish] == ["Tren nocturno"]


def test_a_long_feed_is_read_as_deep_as_it_may_be(both):
    source, site = both
    many = tuple(Chapter(str(number), "en", "", pages=1) for number in range(1, 10_101))
    site.works = (replace(WOLF, chapters=many),)

    found = source.get_chapters(WOLF.mangadex_id)

    assert len(found) == 10_000
    assert len(site.requests) == 20
    assert all(int(r.one("offset")) + int(r.one("limit")) <= 10_000 for r in site.requests)


def test_what_is_unavailable_or_has_no_readable_number_is_left_out(both):
    source, site = both
    first, second, *_ = WOLF.chapters
    site.overrides[first.id_in(WOLF)] = {"isUnavailable": True}
    site.overrides[second.id_in(WOLF)] = {"chapter": "12; drop table"}

    ids = {one.id for one in source.get_chapters(WOLF.mangadex_id)}

    assert len(ids) == len(WOLF.chapters) - 2


# --- Pages ----------------------------------------------------------------------------------------


def test_pages_come_in_order_each_asked_for_once_and_reported(both, client):
    source, site = both
    chapter = first_chapter(source)
    site.forget()

    images = source.get_images(chapter)
    pages = [source.get_image(image) for image in images]

    assert pages == [page_bytes(chapter, number) for number in (1, 2, 3)]
    assert site.paths()[0] == f"/api/at-home/server/{chapter}"
    assert [path.startswith("/node/") for path in site.paths()[1:]] == [True, False] * 3
    assert [one["success"] for one in site.reports] == [True] * 3
    assert site.reports[0]["bytes"] == len(pages[0])
    assert site.reports[0]["cached"] is True
    assert client.budgets[-7:] == [("", "at-home"), *[("pages",), ("reports",)] * 3]
    assert all(len(image.id) <= 300 for image in images)


def test_another_process_goes_on_with_the_same_ids(both, client):
    source, site = both
    images = source.get_images(first_chapter(source))

    other = type(source)(client)
    site.expire()

    assert other.get_image(images[1]) == page_bytes(images[1].id.partition("/")[0], 2)


def test_an_expired_address_is_asked_for_again_and_blames_nobody(both):
    source, site = both
    images = source.get_images(first_chapter(source))
    site.expire()

    source.get_image(images[0])

    assert [one["success"] for one in site.reports] == [True]


@pytest.mark.parametrize("mood", ["down", "wrong", "html", "cut"])
def test_a_bad_node_is_reported_before_another_is_asked_for(both, mood):
    source, site = both
    chapter = first_chapter(source)
    images = source.get_images(chapter)
    site.nodes = [Node(mood), Node()]
    site.forget()

    page = source.get_image(images[0])

    assert page == page_bytes(chapter, 1)
    steps = [path.split("/")[1] for path in site.paths()]
    assert steps == ["node", "report", "api", "node", "report"]
    assert [one["success"] for one in site.reports] == [False, True]


def test_a_page_is_given_up_when_all_nodes_are_bad(both):
    source, site = both
    images = source.get_images(first_chapter(source))
    site.nodes = [Node("html")]

    with pytest.raises(SourceFailed) as failed:
        source.get_image(images[0])

    assert failed.value.code == "source_down"
    assert len(site.nodes[0].served) == 3


def test_a_picture_that_stands_in_for_every_page_is_never_taken(both):
    source, site = both
    images = source.get_images(first_chapter(source))
    source.get_image(images[0])
    site.nodes = [Node("wrong")]

    with pytest.raises(SourceFailed):
        source.get_image(images[1])


def test_names_that_are_no_checksums_stop_nothing(both, monkeypatch):
    source, site = both
    chapter = first_chapter(source)
    monkeypatch.setattr(
        site, "file_names", lambda _id: [f"{n}-{'0' * 63}{n}.png" for n in (1, 2, 3)]
    )

    pages = [source.get_image(image) for image in source.get_images(chapter)]

    assert pages == [page_bytes(chapter, number) for number in (1, 2, 3)]


def test_a_report_that_is_not_taken_stops_nothing(both):
    source, site = both
    images = source.get_images(first_chapter(source))
    site.plan(cloudflare(), path="/report")

    assert source.get_image(images[0])


def test_a_page_that_is_not_there_any_more_is_gone(both):
    source, _site = both
    chapter = first_chapter(source)

    with pytest.raises(Gone):
        source.get_image(FoundImage(f"{chapter}/1-gone.png"))


def test_a_node_that_belongs_to_the_site_is_not_reported(both):
    source, site = both
    chapter = first_chapter(source)

    def at_their_own(heard: Heard) -> Said:
        told: Said = site.answer(heard)
        return replace(told, body=told.body.replace(b"/node/", b"/node/../mangadex.org/../node/"))

    site.plan(at_their_own, path="/api/at-home")
    source.get_image(source.get_images(chapter)[0])

    assert site.reports == []


@pytest.mark.parametrize(
    "told",
    [
        {"baseUrl": "file:///etc"},
        {"baseUrl": "https://user:word@node.example/x"},
        {"baseUrl": None},
        {"chapter": {"hash": "../../", "data": ["1.png"]}},
        {"chapter": {"hash": "abcdef0123", "data": ["../../1.png"]}},
        {"chapter": {"hash": "abcdef0123", "data": ["1.svg"]}},
        {"chapter": []},
    ],
)
def test_an_odd_address_of_pages_is_not_used(both, told):
    source, site = both
    chapter = first_chapter(source)
    good = {"hash": "abcdef0123", "data": ["1.png"]}
    site.plan(
        say_json({"result": "ok", "baseUrl": site.url, "chapter": good} | told), path="/api/at-home"
    )

    with pytest.raises(SourceFailed):
        source.get_images(chapter)


def test_no_odd_value_is_taken_for_what_it_is_not(both):
    source, site = both
    asked = Heard("GET", "", {"includes[]": ["author", "cover_art", "manga"]}, {}, b"", 0.0)
    feed = replace(asked, query={"includes[]": ["scanlation_group"]})

    for odd in odd_answers(site.manga(WOLF, asked)):
        found = source._title(odd)
        assert found is None or 0 < len(found.name) <= 300
    for odd in odd_answers(site.chapter(WOLF, WOLF.chapters[0], 0, feed)):
        chapter = mangadex._chapter(odd)
        assert chapter is None or chapter.number is None or 0 <= chapter.number < 10**7
