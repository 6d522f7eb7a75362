"""What is found here and at sources is one list, and no request waits for a source that is off."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.choices import Kind, Moderation, Rating, Status
from sources.contract import Name, SourceFailed
from sources.models import SourceSettings, SourceTitle
from tests.cast import client_of, make_title
from tests.sources.answering import answer_all
from tests.sources.shelf import found

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]


def ask(path, user=None, **query):
    answer = client_of(user).get(f"/api/sources{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_autocomplete_answers_at_once_and_then_with_what_sources_know(shelves):
    ours = make_title("Kyoto Ghosts", year=2011, length=40)
    shelves.put(
        "anilist",
        found("7", "Kyoto Ghosts", external_ids={"mal": "70"}, length=41, format="MANGA"),
        found("8", "Kyoto Nights", kind=Kind.MANHWA, year=2015, status=Status.COMPLETED, length=12,
              original_name="京都の夜", original_language="ja", external_ids={"mal": "80"},
              site_url="https://shelf.test/8"),
    )  # fmt: skip
    shelves.put(
        "rack",
        found("r8", "KYOTO NIGHTS", year=2015, external_ids={"mal": "80"}),
        found("r9", "Kyoto Nights", kind=Kind.ANIME, year=2016, length=24),
    )

    first = ask("/autocomplete", q="kyoto")
    answer_all()
    then = ask("/autocomplete", q="Kyoto ")

    assert [one["title_id"] for one in first["results"]] == [ours.pk]
    assert first["pending"] == ["anilist", "rack"]
    assert (then["pending"], then["errors"], then["is_stale"]) == ([], {}, False)
    here, nights, anime = then["results"]
    assert (here["title_id"], here["sources"]) == (ours.pk, ["mangakg", "anilist"])
    assert (here["max_progress"], here["format"], here["source_id"]) == (40, "MANGA", "7")
    assert here["external_ids"] == {"anilist": "7", "mal": "70"}
    assert nights == {
        "title_id": None, "slug": None, "kind": "manhwa", "name": "Kyoto Nights",
        "names": {"ja": "京都の夜"}, "year": 2015, "format": "", "status": "completed",
        "content_rating": None, "cover": None, "max_progress": 12,
        "site_url": "https://shelf.test/8",
        "external_ids": {"anilist": "8", "mal": "80", "rack": "r8"}, "source": "anilist",
        "source_id": "8", "sources": ["anilist", "rack"],
    }  # fmt: skip
    assert (anime["kind"], anime["sources"]) == ("anime", ["rack"])


def test_titles_are_matched_by_id_then_by_name_kind_and_year(shelves):
    by_column = make_title("Another name", anilist_id=1)
    by_row = make_title("A third name")
    SourceTitle.objects.create(source="rack", external_id="r2", title=by_row)
    by_alias = make_title("Manas", original_name="Манас", original_language="ky", year=1990)
    make_title("Remake", year=1995)
    hidden = make_title("Hidden", anilist_id=4, moderation=Moderation.PENDING)
    shelves.put(
        "anilist", found("1", "One x"), found("3", "МАНАС x", year=1990,
        aliases=(Name("Манас", "ky"),)), found("4", "Four x"), found("5", "Remake x", year=2020,
        aliases=(Name("Remake"),)),
    )  # fmt: skip
    shelves.put("rack", found("r2", "Two x"))
    ask("/autocomplete", q=" x")  # too short: nothing is asked
    ask("/autocomplete", q="x x")
    ask("/search", q="zz")
    for query in ("One x", "Two x", "МАНАС x", "Four x", "Remake x"):
        ask("/autocomplete", q=query)
    answer_all()

    matched = {
        query: [one["title_id"] for one in ask("/autocomplete", q=query)["results"]]
        for query in ("One x", "Two x", "МАНАС x", "Four x", "Remake x")
    }

    assert matched["One x"] == [by_column.pk]
    assert matched["Two x"] == [by_row.pk]
    assert matched["МАНАС x"][0] == by_alias.pk
    assert None in matched["Remake x"], "of another year"
    assert hidden.pk not in matched["Four x"], "nobody sees it"


def test_a_search_tells_what_failed_and_what_is_adult(shelves, reader_rina):
    shelves.put("anilist", found("1", "Silk", rating=Rating.PORNOGRAPHIC), found("2", "Silk road"))
    shelves.fail("rack", SourceFailed("It is down.", code="source_down"))
    ask("/search", q="silk")
    answer_all()

    answer = ask("/search", reader_rina, q="silk")
    alone = ask("/anilist/search", q="silk")
    same = ask("/search", q="silk", source="anilist")
    nothing = client_of(None).get("/api/sources/nowhere/search", {"q": "silk"})

    assert [one["name"] for one in answer["results"]] == ["Silk road"]
    assert answer["errors"]["rack"]["code"] == "source_down"
    assert alone == same
    assert (alone["errors"], len(alone["results"])) == ({}, 1)
    assert nothing.status_code == 404


def test_the_end_of_a_title_is_found_by_name_or_id(shelves):
    make_title("Berserk", length=364)
    shelves.put("anilist", found("5", "Vinland", length=200), found("6", "Vinland Extra", length=9))
    shelves.put("rack", found("m", "Vinland Movie", kind=Kind.MOVIE, duration_minutes=100))
    waiting = ask("/max", q="vinland")
    ask("/max", source="rack", id="m")
    ask("/max", q="berserk")
    answer_all()

    assert (waiting["max_progress"], waiting["pending"]) == (None, True)
    assert ask("/max", q="vinland") == {
        "title": "Vinland", "kind": "manga", "max_progress": 200, "source": "anilist", "id": "5",
        "pending": False,
    }  # fmt: skip
    assert ask("/max", q="berserk")["max_progress"] == 364
    assert ask("/max", source="rack", id="m")["max_progress"] == 100
    assert client_of(None).get("/api/sources/max").status_code == 400
    assert client_of(None).get("/api/sources/max", {"q": "qwertz"}).json()["pending"]


def test_with_every_source_switched_off_all_is_answered_from_here(shelves, reader_rina):
    for name in ("anilist", "rack"):
        SourceSettings.objects.create(source=name, is_enabled=False)
    ours = make_title("Kyoto Ghosts", length=40)

    for path in ("/autocomplete", "/search"):
        answer = ask(path, q="kyoto")
        assert [one["title_id"] for one in answer["results"]] == [ours.pk]
        assert (answer["pending"], answer["errors"]) == ([], {})
    assert ask("/max", q="kyoto ghosts")["max_progress"] == 40
    listed = ask("")["results"]
    refused = client_of(reader_rina).post("/api/sources/rack/titles", {"id": "1"}, format="json")

    assert [(one["name"], one["is_enabled"]) for one in listed] == [
        ("anilist", False), ("rack", False),
    ]  # fmt: skip
    assert (refused.status_code, refused.json()["code"]) == (503, "source_off")


def test_many_results_cost_as_many_queries_as_few(shelves, reader_rina):
    for number in range(20):
        make_title(f"Steppe {number}", year=2000 + number)
        shelves.put("anilist", found(f"{number}", f"Steppe {number}", year=2000 + number))
        shelves.put("rack", found(f"r{number}", f"Steppe song {number}"))
    make_title("Lonely", year=2011)
    shelves.put("anilist", found("l", "Lonely"))
    for query in ("steppe", "lonely"):
        ask("/autocomplete", reader_rina, q=query)
    answer_all()

    counts = []
    for query in ("lonely", "steppe"):
        with CaptureQueriesContext(connection) as queries:
            ask("/autocomplete", reader_rina, q=query)
        counts.append(len(queries))

    assert counts[1] <= counts[0] + 1, "search reads names that begin alike in one query more"
