"""Progress: saved by page, replayed late without harm, and what to continue."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reader.models import Chapter, Group, ReadingState
from tests.cast import client_of, make_title, make_upload_row

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def series():
    return make_title()


def turn(client, chapter, page, minutes=0, **words):
    body = {"page": page, "changed_at": (NOON + timedelta(minutes=minutes)).isoformat(), **words}
    return client.put(f"/api/chapters/{chapter.pk}/progress", body, format="json")


def add(uploader, series, number=None, **columns):
    return make_upload_row(
        uploader=uploader, series=series, pages=5,
        number=None if number is None else Decimal(number), **columns,
    ).chapter  # fmt: skip


def test_a_page_turn_is_kept(series, uploader_uli, reader_rina):
    chapter = add(uploader_uli, series, 1)

    answer = turn(client_of(reader_rina), chapter, 3)

    assert answer.json() == {
        "chapter": chapter.pk, "page": 3, "offset": 0.0, "finished_at": None,
        "changed_at": "2026-01-01T12:00:00Z",
    }  # fmt: skip
    assert answer["Cache-Control"] == "private, no-store"


def test_the_place_in_a_strip_is_a_page_and_a_fraction_of_its_height(
    series, uploader_uli, reader_rina
):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)

    kept = turn(client, chapter, 1, offset=0.375).json()
    earlier = turn(client, chapter, 1, offset=0.25).json()

    assert (kept["page"], kept["offset"], kept["finished_at"]) == (1, 0.375, None)
    assert earlier["offset"] == 0.375  # of one moment, the further place
    [row] = client.get(f"/api/series/{series.slug}/progress").json()["results"]
    assert row["offset"] == 0.375
    assert client.get("/api/reading").json()["results"][0]["offset"] == 0.375


def test_an_older_page_turn_loses_silently(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    turn(client, chapter, 4, minutes=10)

    answers = [turn(client, chapter, 2, minutes=5), turn(client, chapter, 1, minutes=10)]

    assert [answer.json()["page"] for answer in answers] == [4, 4]
    assert ReadingState.objects.get().page == 4


def test_what_was_finished_stays_finished(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    turn(client, chapter, 5, finished=True)

    answer = turn(client, chapter, 2, minutes=5).json()

    assert (answer["page"], answer["finished_at"]) == (2, "2026-01-01T12:00:00Z")


def test_reading_a_finished_chapter_again_has_a_place_of_its_own(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    turn(client, chapter, 5, finished=True)
    turn(client, chapter, 2, minutes=5)

    answer = turn(client, chapter, 5, minutes=9, finished=True).json()

    assert (answer["page"], answer["finished_at"]) == (5, "2026-01-01T12:00:00Z")


def test_a_finish_that_comes_late_from_an_offline_device_counts(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    turn(client, chapter, 2, minutes=9)

    answer = turn(client, chapter, 5, minutes=5, finished=True).json()
    earlier = turn(client, chapter, 5, minutes=3, finished=True).json()

    assert (answer["page"], answer["finished_at"]) == (2, "2026-01-01T12:05:00Z")
    assert (earlier["page"], earlier["finished_at"]) == (2, "2026-01-01T12:03:00Z")


def test_of_two_turns_at_one_moment_the_further_counts(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    turn(client, chapter, 2, minutes=5)

    answer = turn(client, chapter, 5, minutes=5, finished=True).json()

    assert (answer["page"], answer["finished_at"]) == (5, "2026-01-01T12:05:00Z")


@pytest.mark.parametrize("sent", [6, 32_000])
def test_a_place_beyond_a_shorter_version_is_its_last_page(sent, series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)

    answer = turn(client, chapter, sent, offset=0.5, finished=True)

    assert answer.status_code == 200
    row = answer.json()
    assert (row["page"], row["offset"]) == (5, 0.0)
    assert row["finished_at"] == "2026-01-01T12:00:00Z"


def test_a_version_that_got_shorter_is_read_back_within_it(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    turn(client, chapter, 5, offset=0.5)
    Chapter.objects.filter(pk=chapter.pk).update(page_count=3)

    [mark] = client.get(f"/api/series/{series.slug}/progress").json()["results"]
    [recent] = client.get("/api/reading").json()["results"]

    assert (mark["page"], mark["offset"]) == (3, 0.0)
    assert (recent["page"], recent["offset"], recent["chapter"]["page_count"]) == (3, 0.0, 3)


def test_a_chapter_is_marked_unread(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    turn(client, chapter, 5, finished=True)
    address = f"/api/chapters/{chapter.pk}/progress"

    answer = client.delete(f"{address}?changed_at=2026-01-01T12:05:00Z")

    assert answer.json() == {
        "chapter": chapter.pk, "page": 0, "offset": 0.0, "finished_at": None,
        "changed_at": "2026-01-01T12:05:00Z",
    }  # fmt: skip
    late = turn(client, chapter, 4, minutes=4, finished=True).json()
    assert (late["page"], late["finished_at"]) == (0, None)
    assert client.get("/api/reading").json()["results"] == []
    again = turn(client, chapter, 3, minutes=6).json()
    assert (again["page"], again["finished_at"]) == (3, None)


def test_unread_that_comes_late_forgets_only_what_was_before_it(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    address = f"/api/chapters/{chapter.pk}/progress?changed_at=2026-01-01T12:05:00Z"
    turn(client, chapter, 5, minutes=1, finished=True)
    turn(client, chapter, 2, minutes=9)

    before = client.delete(address).json()
    turn(client, chapter, 5, minutes=7, finished=True)
    after = client.delete(address).json()

    assert (before["page"], before["finished_at"]) == (2, None)
    assert (after["page"], after["finished_at"]) == (2, "2026-01-01T12:07:00Z")


def test_unread_without_a_time_is_meant_now(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    turn(client, chapter, 5, finished=True)
    address = f"/api/chapters/{chapter.pk}/progress"

    assert client.delete(f"{address}?changed_at=yesterday").status_code == 400
    assert client.delete(address).json()["finished_at"] is None


def test_a_clock_that_is_ahead_does_not_win_for_ever(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)

    turn(client, chapter, 5, minutes=60 * 24 * 3650)

    assert ReadingState.objects.get().changed_at < timezone.now() + timedelta(minutes=6)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"page": 32_001, "changed_at": "2026-01-01T00:00:00Z"}, "page"),
        ({"page": -1, "changed_at": "2026-01-01T00:00:00Z"}, "page"),
        ({"page": "x", "changed_at": "2026-01-01T00:00:00Z"}, "page"),
        ({"page": 1, "offset": 1.5, "changed_at": "2026-01-01T00:00:00Z"}, "offset"),
        ({"page": 1, "offset": -0.1, "changed_at": "2026-01-01T00:00:00Z"}, "offset"),
        ({"page": 1, "offset": "nan", "changed_at": "2026-01-01T00:00:00Z"}, "offset"),
        ({"page": 1}, "changed_at"),
        ({"page": 1, "changed_at": "0001-01-01T00:00:00+14:00"}, "changed_at"),
        ({"page": 1, "changed_at": "yesterday"}, "changed_at"),
    ],
)
def test_a_page_turn_that_cannot_be_is_named(body, field, series, uploader_uli, reader_rina):
    chapter = add(uploader_uli, series, 1)

    answer = client_of(reader_rina).put(f"/api/chapters/{chapter.pk}/progress", body, format="json")

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]


def test_the_marks_of_a_series_are_ones_own(series, uploader_uli, reader_rina):
    first, second = add(uploader_uli, series, 1), add(uploader_uli, series, 2)
    for minutes, chapter in enumerate((first, second)):
        turn(client_of(reader_rina), chapter, 2, minutes=minutes)
    turn(client_of(uploader_uli), first, 3)

    rows = client_of(reader_rina).get(f"/api/series/{series.slug}/progress").json()["results"]

    assert [(row["chapter"], row["page"]) for row in rows] == [(second.pk, 2), (first.pk, 2)]


def test_one_continues_the_newest_place_of_each_series(uploader_uli, reader_rina):
    one, other = make_title("One"), make_title("Other")
    mine, theirs = (Group.objects.create(name=name, slug=name) for name in ("mine", "theirs"))
    first = add(uploader_uli, one, 1, group=mine)
    add(uploader_uli, one, 2, group=theirs)
    second = add(uploader_uli, one, 2, group=mine)
    add(uploader_uli, one, "1.5", group=mine, language="ru")
    lone = add(uploader_uli, other)
    client = client_of(reader_rina)
    turn(client, second, 1, minutes=1)
    turn(client, first, 2, minutes=2)
    turn(client, lone, 3, minutes=3)

    rows = client.get("/api/reading").json()["results"]

    assert [row["series"]["name"] for row in rows] == ["Other", "One"]
    assert [row["chapter"]["id"] for row in rows] == [lone.pk, first.pk]
    assert rows[0]["next_chapter"] is None
    assert rows[1]["next_chapter"]["id"] == second.pk


def test_continuing_costs_the_same_queries_whatever_is_read(
    uploader_uli, reader_rina, django_assert_max_num_queries
):
    for _number in range(25):
        chapter = add(uploader_uli, make_title(), 1)
        ReadingState.objects.create(
            user=reader_rina, series=chapter.series, chapter=chapter, page=1, changed_at=NOON
        )
    client = client_of(reader_rina)

    with django_assert_max_num_queries(4):
        rows = client.get("/api/reading").json()["results"]

    assert len(rows) == 20


def test_what_is_no_longer_public_is_not_continued(series, uploader_uli, reader_rina):
    chapter = add(uploader_uli, series, 1)
    turn(client_of(reader_rina), chapter, 1)
    Chapter.objects.update(live_upload=None)

    assert client_of(reader_rina).get("/api/reading").json()["results"] == []


def replay(client, *rows):
    sent = [{"changed_at": "2026-01-01T12:00:00Z"} | row for row in rows]
    return client.post("/api/reading/progress", {"rows": sent}, format="json")


def test_many_rows_are_answered_one_by_one(series, uploader_uli, reader_rina):
    first, second, third = (add(uploader_uli, series, number) for number in (1, 2, 3))
    client = client_of(reader_rina)
    turn(client, third, 5, finished=True)

    answer = replay(
        client,
        {"chapter": first.pk, "page": 9, "finished": True},
        {"chapter": second.pk, "page": 2, "offset": 0.5},
        {"chapter": third.pk, "unread": True},
        {"chapter": first.pk, "page": 2, "changed_at": "2026-01-01T12:05:00Z"},
    )

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    rows = answer.json()["results"]
    assert [row["chapter"] for row in rows] == [first.pk, second.pk, third.pk, first.pk]
    assert all(row["error"] is None for row in rows)
    assert rows[0]["progress"] == rows[3]["progress"] == {
        "chapter": first.pk, "page": 2, "offset": 0.0, "finished_at": "2026-01-01T12:00:00Z",
        "changed_at": "2026-01-01T12:05:00Z",
    }  # fmt: skip
    assert rows[1]["progress"]["offset"] == 0.5
    assert (rows[2]["progress"]["page"], rows[2]["progress"]["finished_at"]) == (0, None)


def test_a_row_that_is_refused_spoils_no_other(series, uploader_uli, reader_rina):
    chapter = add(uploader_uli, series, 1)
    hidden = make_upload_row(uploader=uploader_uli, series=series, state="awaiting_review").chapter

    answer = replay(
        client_of(reader_rina),
        {"chapter": 987_654, "page": 1},
        {"chapter": hidden.pk, "page": 1},
        {"chapter": chapter.pk, "page": -1},
        {"chapter": chapter.pk, "page": 1, "changed_at": "yesterday"},
        {"page": 1},
        {"chapter": "x", "page": 1, "offset": 2},
        {"chapter": chapter.pk, "page": 3},
    )
    mixed = client_of(reader_rina).post(
        "/api/reading/progress", {"rows": [None, 7, [], {}]}, format="json"
    )

    rows = answer.json()["results"]
    assert [row["error"] and row["error"]["code"] for row in rows] == [
        "not_found", "not_found", "invalid", "invalid", "invalid", "invalid", None,
    ]  # fmt: skip
    assert [row["chapter"] for row in rows[:6]] == [
        987_654, hidden.pk, chapter.pk, chapter.pk, None, None,
    ]  # fmt: skip
    assert list(rows[5]["error"]["fields"]) == ["offset", "chapter"]
    assert rows[6]["progress"]["page"] == ReadingState.objects.get().page == 3
    assert [row["error"]["code"] for row in mixed.json()["results"]] == ["invalid"] * 4


@pytest.mark.parametrize("body", [[], {}, {"rows": {}}, {"rows": [{}] * 101}, {"rows": None}])
def test_what_is_no_list_of_rows_is_refused_whole(body, reader_rina):
    answer = client_of(reader_rina).post("/api/reading/progress", body, format="json")

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["rows"]


def test_a_hundred_rows_cost_as_many_queries_as_one(series, uploader_uli, reader_rina):
    chapters = [add(uploader_uli, series, number) for number in range(1, 21)]
    client = client_of(reader_rina)
    replay(client, {"chapter": chapters[0].pk, "page": 1})  # the day's first of the series counts

    counts = []
    for some in (chapters[1:2], chapters[2:] * 5):
        with CaptureQueriesContext(connection) as seen:
            answer = replay(client, *({"chapter": one.pk, "page": 1} for one in some))
        assert answer.status_code == 200
        counts.append(len(seen))

    assert counts[0] == counts[1] <= 11


def test_what_comes_after_is_what_the_chapter_list_shows_next(uploader_uli, reader_rina):
    series, group = make_title(), Group.objects.create(name="mine", slug="mine")
    numbered = add(uploader_uli, series, 1)
    add(uploader_uli, series, "2.5")
    of_group = add(uploader_uli, series, "2.5", group=group)
    first, russian = add(uploader_uli, series), add(uploader_uli, series, language="ru")
    second = add(uploader_uli, series, group=group)
    client = client_of(reader_rina)
    expected = {first: second, second: numbered, russian: None, of_group: None}

    for minutes, (chapter, following) in enumerate(expected.items()):
        turn(client, chapter, 1, minutes=minutes)
        [row] = client.get("/api/reading").json()["results"]
        detail = client.get(f"/api/chapters/{chapter.pk}").json()

        assert row["next_chapter"] == detail["next"]
        assert (row["next_chapter"] or {}).get("id") == (following and following.pk)
