"""Merging page turns in whatever order they come, and what going on with reading costs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from itertools import permutations

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import OuterRef, Subquery
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from catalog.models import Title
from reader.models import Chapter, ReadingState, Upload
from reader.reading.progress import Progress, recent_reading, save_progress, save_progress_rows
from tests.at_once import run_at_once
from tests.cast import make_title, make_upload_row, make_user

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def turn(page, minutes, offset=0.0):
    return Progress(page, is_finished=False, changed_at=at(minutes), offset=offset)


def finish(page, minutes, offset=0.0):
    return Progress(page, is_finished=True, changed_at=at(minutes), offset=offset)


def unread(minutes):
    return Progress(0, is_finished=False, changed_at=at(minutes), is_unread=True)


@pytest.fixture
def chapter(uploader_uli):
    return make_upload_row(uploader=uploader_uli, series=make_title(), pages=9).chapter


# What was done, and what holds then: page, offset, when it was finished and changed.
STORIES = {
    "an offline finish is older than a page turn elsewhere": (
        [turn(2, 1), finish(9, 3), turn(4, 5)],
        (4, 0.0, 3, 5),
    ),
    "a finished chapter is read again, and finished again": (
        [finish(9, 1), turn(2, 2, 0.25), turn(3, 3, 0.5), finish(9, 8)],
        (9, 0.0, 1, 8),
    ),
    "a finished chapter is being read again": (
        [finish(9, 1), turn(1, 2, 0.75), turn(1, 3, 0.25)],
        (1, 0.25, 1, 3),
    ),
    "two devices turn at one moment": (
        [turn(4, 1), turn(3, 1, 0.5), finish(4, 1, 0.5), turn(2, 1)],
        (4, 0.5, 1, 1),
    ),
    "it is marked unread": ([turn(4, 1), finish(9, 2), unread(3)], (0, 0.0, None, 3)),
    "it is marked unread and begun anew": (
        [finish(9, 1), turn(5, 2), unread(3), turn(1, 4, 0.5)],
        (1, 0.5, None, 4),
    ),
    "it is marked unread and finished anew": (
        [finish(9, 1), unread(3), turn(2, 4), finish(9, 5)],
        (9, 0.0, 5, 5),
    ),
    "it is marked unread twice": (
        [finish(9, 1), unread(2), finish(9, 3), unread(4)],
        (0, 0.0, None, 4),
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_order_of_arrival_is_nothing_to_the_outcome(story, chapter, reader_rina):
    done, (page, offset, finished, changed) = STORIES[story]
    outcomes = set()

    for order in permutations(done):
        ReadingState.objects.all().delete()
        # Some in one request, the rest in another, which brings one of the first again.
        for rows in (order[:2], order[1:]):
            save_progress_rows([(chapter, progress) for progress in rows], user=reader_rina)
        columns = ("page", "offset", "finished_at", "changed_at")
        outcomes.add(ReadingState.objects.values_list(*columns).get())

    assert outcomes == {(page, offset, None if finished is None else at(finished), at(changed))}


def test_what_a_batch_costs_is_the_same_for_one_and_a_hundred(uploader_uli, reader_rina):
    series = make_title()
    chapters = [
        make_upload_row(uploader=uploader_uli, series=series, pages=0).chapter for _ in range(100)
    ]
    save_progress_rows([(chapter, turn(1, 1)) for chapter in chapters[:50]], user=reader_rina)

    counts = []
    for some in ([chapters[0], chapters[50]], chapters):
        with CaptureQueriesContext(connection) as seen:
            save_progress_rows([(chapter, turn(2, 5)) for chapter in some], user=reader_rina)
        counts.append(len(seen))
        ReadingState.objects.filter(chapter__in=chapters[50:]).delete()
        ReadingState.objects.update(changed_at=NOON)

    assert counts == [counts[0]] * 2
    assert counts[0] <= 8


def test_a_turn_that_changes_nothing_writes_nothing(chapter, reader_rina):
    save_progress(chapter, user=reader_rina, progress=finish(9, 5))

    with CaptureQueriesContext(connection) as seen:
        save_progress(chapter, user=reader_rina, progress=finish(9, 5))
        save_progress(chapter, user=reader_rina, progress=turn(4, 2))

    assert len(seen) == 2 * 4  # a savepoint and its end, the person, what is known


def test_a_state_keeps_the_series_of_its_chapter(chapter, reader_rina):
    save_progress(chapter, user=reader_rina, progress=turn(1, 1))
    other = make_title("Other")
    Chapter.objects.filter(pk=chapter.pk).update(series=other)
    chapter.refresh_from_db()

    save_progress(chapter, user=reader_rina, progress=turn(1, 1))

    assert ReadingState.objects.get().series_id == other.pk


def test_the_migration_fills_the_series_of_what_is_there(chapter, reader_rina):
    wrong = make_title("Other")
    ReadingState.objects.create(
        user=reader_rina, series=wrong, chapter=chapter, page=9, changed_at=NOON, finished_at=NOON
    )

    import_module("reader.migrations.0011_fill_reading_series").fill(apps, None)

    state = ReadingState.objects.get()
    assert (state.series_id, state.last_finished_at) == (chapter.series_id, NOON)


@pytest.mark.django_db(transaction=True)
def test_two_devices_that_replay_at_once_lose_nothing():
    reader = make_user("rina")
    uploader = make_user("uli", "uploader")
    series = make_title()
    chapters = [make_upload_row(uploader=uploader, series=series).chapter for _ in range(3)]
    phone = partial(
        save_progress_rows, [(chapter, finish(2, 3)) for chapter in chapters], user=reader
    )
    tablet = partial(
        save_progress_rows, [(chapter, turn(1, 5)) for chapter in reversed(chapters)], user=reader
    )

    answers = run_at_once(phone, tablet, phone)

    assert all(isinstance(answer, list) for answer in answers), answers
    states = ReadingState.objects.values_list("page", "finished_at", "changed_at")
    assert list(states) == [(1, at(3), at(5))] * 3


# --- Going on with reading ----------------------------------------------------------------------

SERIES, CHAPTERS = 4, 600


def read_much(reader: User, uploader: User) -> None:
    """Let somebody have read some thousand chapters of a few series."""
    titles = [make_title(f"Series {place}") for place in range(SERIES)]
    chapters = Chapter.objects.bulk_create(
        Chapter(series=title, number=number, language="en", page_count=9)
        for title in titles
        for number in range(1, CHAPTERS + 1)
    )
    Upload.objects.bulk_create(
        Upload(
            chapter=chapter, uploader=uploader, state="live", filename="c.zip", archive_bytes=1,
            archive_sha256=f"{place:064x}",
        )
        for place, chapter in enumerate(chapters)
    )  # fmt: skip
    live = Upload.objects.filter(chapter=OuterRef("pk")).values("pk")[:1]
    Chapter.objects.update(live_upload=Subquery(live))
    ReadingState.objects.bulk_create(
        ReadingState(
            user=reader, series_id=chapter.series_id, chapter=chapter, page=1,
            changed_at=at(-int(chapter.number)),
        )
        for chapter in chapters
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def plan_of(sql: str) -> str:
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[connection.vendor]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # one reader has all rows: an index saves nothing
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def rows_read(sql: str) -> int:
    """Return how many rows of reading states PostgreSQL looks at."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        waiting, total = [cursor.fetchone()[0][0]["Plan"]], 0
    for node in waiting:
        waiting += node.get("Plans", [])
        if node.get("Relation Name") == "reader_readingstate":
            seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            total += seen * node["Actual Loops"]
    return total


@contextmanager
def counted_steps() -> Iterator[list[int]]:
    """Count what SQLite does, in its own steps."""
    steps: list[int] = []
    connection.connection.set_progress_handler(lambda: steps.append(100), 100)
    try:
        yield steps
    finally:
        connection.connection.set_progress_handler(None, 0)


def test_going_on_reads_a_few_rows_of_each_series_whatever_was_read(reader_rina, uploader_uli):
    read_much(reader_rina, uploader_uli)
    Title.objects.filter(name="Series 0").update(moderation="rejected")

    with CaptureQueriesContext(connection) as seen:
        rows = recent_reading(reader_rina)

    assert [(row["chapter"]["number"], row["next_chapter"]["number"]) for row in rows] == [
        ("1", "2")
    ] * (SERIES - 1)
    queries = [query["sql"] for query in seen.captured_queries]
    plans = [plan_of(sql) for sql in queries]
    assert len(plans) == 3
    assert "reading_of_series" in plans[0]
    for plan in plans:
        assert not re.search("scan( on)? reader_", plan, re.IGNORECASE)
    # A few rows for each series, however many were read of it.
    if connection.vendor == "postgresql":
        assert sum(map(rows_read, queries)) <= SERIES * 40
    else:
        with counted_steps() as steps:
            recent_reading(reader_rina)
        assert sum(steps) <= SERIES * 2_000
