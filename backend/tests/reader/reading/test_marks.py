"""Chapters are marked read or unread, many at once, and that can be undone."""

from datetime import timedelta
from decimal import Decimal
from unittest.mock import ANY

import pytest
from django.utils import timezone

from accounts.jobs import undo_job_of
from common.models import Event
from reader.models import Chapter, DailyReads, ReadingState
from reader.reading.marks import Selection, mark_chapters
from reader.reading.progress import Progress, recent_reading, save_progress
from tests.cast import client_of, make_title, make_upload_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def series():
    return make_title()


@pytest.fixture
def chapters(series, uploader_uli):
    """Six chapters in reading order: a one-shot, then 1 to 5."""
    return [
        make_upload_row(uploader=uploader_uli, series=series, pages=0, number=number).chapter
        for number in (None, 1, 2, 3, 4, 5)
    ]


def kept(user):
    """Everything of the user's states but their ids."""
    rows = ReadingState.objects.filter(user=user).order_by("chapter")
    return [
        (state.chapter_id, state.page, state.offset, state.finished_at, state.last_finished_at,
         state.forgotten_at, state.changed_at, state.opened_on)
        for state in rows
    ]  # fmt: skip


def read_of(user):
    states = ReadingState.objects.filter(user=user, finished_at__isnull=False)
    return set(states.values_list("chapter", flat=True))


def turn(chapter, user, page, *, finished=False, minutes=-10):
    moment = timezone.now() + timedelta(minutes=minutes)
    save_progress(chapter, user=user, progress=Progress(page, finished, moment))


def test_a_range_is_in_reading_order_and_in_the_languages_of_its_ends(
    series, chapters, uploader_uli, reader_rina
):
    other = make_upload_row(
        uploader=uploader_uli, series=series, pages=0, number=Decimal("1.5"), language="ky"
    ).chapter
    ids = [chapter.pk for chapter in chapters]

    def mark(**selection):
        count, _job = mark_chapters(
            series, user=reader_rina, selection=Selection(**selection), is_read=True
        )
        return count, sorted(read_of(reader_rina))

    assert mark(first=ids[2], last=ids[3]) == (2, ids[2:4])
    assert mark(first=ids[3], last=ids[2]) == (0, ids[2:4]), "marked already, from behind"
    assert mark(last=ids[3]) == (2, ids[:4])
    assert mark(ids=[ids[5], 10**9]) == (1, [*ids[:4], ids[5]])
    assert mark(first=other.pk, last=ids[2]) == (1, [*ids[:4], ids[5], other.pk])
    assert recent_reading(reader_rina)[0]["chapter"]["id"] == other.pk, "the last mark counts"
    assert not DailyReads.objects.exists(), "marking is no reading"


def test_the_newest_mark_is_the_last_chapter_so_that_reading_goes_on_after_it(
    series, chapters, reader_rina
):
    mark_chapters(series, user=reader_rina, selection=Selection(last=chapters[3].pk), is_read=True)

    [place] = recent_reading(reader_rina)
    assert place["chapter"]["id"] == chapters[3].pk
    assert place["next_chapter"]["id"] == chapters[4].pk


def test_undo_restores_what_was_and_leaves_what_was_read_since(series, chapters, reader_rina):
    turn(chapters[0], reader_rina, 3, minutes=4)  # a clock that is ahead
    turn(chapters[1], reader_rina, 9, finished=True)
    everything = Selection(last=chapters[5].pk)
    before = kept(reader_rina)

    count, read = mark_chapters(series, user=reader_rina, selection=everything, is_read=True)
    assert count == 5
    marked = kept(reader_rina)
    count, unread = mark_chapters(series, user=reader_rina, selection=everything, is_read=False)
    assert (count, read_of(reader_rina)) == (6, set())
    undo_job_of(unread, user=reader_rina)
    assert kept(reader_rina) == marked
    undo_job_of(read, user=reader_rina)
    assert kept(reader_rina) == before

    _count, read = mark_chapters(series, user=reader_rina, selection=everything, is_read=True)
    turn(chapters[5], reader_rina, 2, minutes=5)
    undo_job_of(read, user=reader_rina)
    assert [row for row in kept(reader_rina) if row[0] != chapters[5].pk] == before
    assert ReadingState.objects.get(chapter=chapters[5]).page == 2
    assert read.outcome == {"done": 5, "undone": 4}


def test_marks_and_their_undo_are_told_once_a_series(series, chapters, reader_rina):
    _count, job = mark_chapters(
        series, user=reader_rina, selection=Selection(last=chapters[1].pk), is_read=True
    )
    undo_job_of(job, user=reader_rina)

    expected = {
        "user_id": reader_rina.pk, "title_id": series.pk,
        "chapter_ids": [chapters[0].pk, chapters[1].pk],
    }  # fmt: skip
    assert [(event.name, event.payload) for event in Event.objects.order_by("pk")] == [
        ("progress_saved", expected), ("progress_saved", expected), ("marks_undone", ANY),
    ]  # fmt: skip


def test_many_chapters_take_no_query_each(
    series, uploader_uli, reader_rina, django_assert_max_num_queries
):
    upload = make_upload_row(uploader=uploader_uli, series=series, pages=0)
    chapters = Chapter.objects.bulk_create(
        Chapter(series=series, number=100_000 + number, language="en", published_at=timezone.now())
        for number in range(300)
    )
    # One live upload for each, as the database demands.
    rows = [
        type(upload)(chapter=chapter, state="live", filename="c.zip", archive_bytes=1,
                     archive_sha256=f"{number:064x}")
        for number, chapter in enumerate(chapters)
    ]  # fmt: skip
    type(upload).objects.bulk_create(rows)
    for chapter, row in zip(chapters, rows, strict=True):
        chapter.live_upload = row
    Chapter.objects.bulk_update(chapters, ["live_upload"])

    with django_assert_max_num_queries(30):
        count, job = mark_chapters(
            series, user=reader_rina, selection=Selection(last=chapters[-1].pk), is_read=True
        )
    with django_assert_max_num_queries(40):
        undo_job_of(job, user=reader_rina)

    assert (count, job.outcome["undone"], ReadingState.objects.count()) == (301, 301, 0)


def test_the_api_takes_one_way_of_choosing(series, chapters, reader_rina):
    client, address = client_of(reader_rina), f"/api/series/{series.slug}/marks"
    ids = [chapter.pk for chapter in chapters]

    def post(**body):
        answer = client.post(address, {"read": True, **body}, format="json")
        return answer.status_code, answer.json()

    status, answer = post(up_to=ids[2])
    assert (status, answer["changed"], answer["job"]["can_undo"]) == (200, 3, True)
    assert post(**{"from": ids[2], "to": ids[3]})[1]["changed"] == 1
    assert post(chapters=ids[:5])[1]["changed"] == 1
    assert post(chapters=ids[:5]) == (200, {"changed": 0, "job": None})
    wrong_ones: list[dict[str, object]] = [
        {}, {"chapters": []}, {"chapters": ["x"]}, {"chapters": ids, "up_to": ids[0]},
        {"from": ids[0]}, {"to": ids[0]}, {"up_to": 0},
    ]  # fmt: skip
    for wrong in wrong_ones:
        status, answer = post(**wrong)
        assert (status, answer["code"]) == (400, "invalid"), wrong
    assert post(up_to=10**9)[0] == 404
    undone = client.post(f"/api/jobs/{post(read=False, chapters=ids)[1]['job']['id']}/undo")
    assert undone.json()["outcome"]["undone"] == 5
