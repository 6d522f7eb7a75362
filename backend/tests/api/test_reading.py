"""Progress: saved by page, replayed late without harm, and what to continue."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
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
        "chapter": chapter.pk, "page": 3, "finished_at": None, "changed_at": "2026-01-01T12:00:00Z",
    }  # fmt: skip
    assert answer["Cache-Control"] == "private, no-store"


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


def test_the_same_turn_again_may_say_that_it_was_read_to_its_end(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)
    turn(client, chapter, 2, minutes=5)

    answer = turn(client, chapter, 5, minutes=5, finished=True).json()

    assert (answer["page"], answer["finished_at"]) == (2, "2026-01-01T12:05:00Z")


def test_a_clock_that_is_ahead_does_not_win_for_ever(series, uploader_uli, reader_rina):
    chapter, client = add(uploader_uli, series, 1), client_of(reader_rina)

    turn(client, chapter, 5, minutes=60 * 24 * 3650)

    assert ReadingState.objects.get().changed_at < timezone.now() + timedelta(minutes=6)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"page": 7, "changed_at": "2026-01-01T00:00:00Z"}, "page"),
        ({"page": -1, "changed_at": "2026-01-01T00:00:00Z"}, "page"),
        ({"page": "x", "changed_at": "2026-01-01T00:00:00Z"}, "page"),
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
        ReadingState.objects.create(user=reader_rina, chapter=chapter, page=1, changed_at=NOON)
    client = client_of(reader_rina)

    with django_assert_max_num_queries(3):
        rows = client.get("/api/reading").json()["results"]

    assert len(rows) == 20


def test_what_is_no_longer_public_is_not_continued(series, uploader_uli, reader_rina):
    chapter = add(uploader_uli, series, 1)
    turn(client_of(reader_rina), chapter, 1)
    Chapter.objects.update(live_upload=None)

    assert client_of(reader_rina).get("/api/reading").json()["results"] == []
