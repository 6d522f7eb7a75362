"""What somebody reads here moves their library; chapters that come and go change what is left."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.jobs import undo_job_of
from accounts.profile.profiles import edit_profile
from catalog.moderation import record_title_edit
from common.models import Job
from reader.models import Chapter
from reader.publication.moderation import restore_upload, take_down_upload
from reader.reading.chapters import refresh_counters
from reader.reading.marks import Selection, mark_chapters
from reader.reading.progress import Progress, save_progress
from tests.cast import client_of, make_title
from tests.tracker.builders import assert_counted_right, catch_up, keep, make_chapters, read
from tracker.choices import Origin
from tracker.library.items import edit_item
from tracker.library.preferences import change_preferences
from tracker.models import LibraryChange, LibraryItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def series(uploader_uli):
    """A finished series of three chapters, the second in two languages."""
    series = make_title("Manas", status="completed", length=3)
    series.chapters_here = make_chapters(uploader_uli, series, 1, 2, 3)
    series.in_kyrgyz = make_chapters(uploader_uli, series, 2, language="ky")[0]
    series.refresh_from_db()
    return series


def only_item() -> LibraryItem:
    return LibraryItem.objects.get()


def test_reading_a_chapter_adds_its_title_and_moves_it_on_to_the_end(reader_rina, series):
    first, second, third = series.chapters_here

    read(reader_rina, [first], minutes=1)
    begun = only_item()
    read(reader_rina, [series.in_kyrgyz], minutes=2)
    further = only_item()
    read(reader_rina, [third], minutes=3)
    ended = only_item()

    assert (begun.status, begun.progress, begun.unread_count) == ("current", 1, 2)
    assert begun.next_chapter_id == second.pk
    assert (further.progress, further.unread_count, further.next_chapter_id) == (2, 1, third.pk)
    assert (ended.status, ended.progress, ended.unread_count) == ("completed", 3, 0)
    assert ended.next_chapter_id is None
    assert set(LibraryChange.objects.values_list("origin", flat=True)) == {"reading"}
    assert_counted_right(reader_rina)


def test_reading_never_takes_progress_back(reader_rina, series):
    keep(reader_rina, series, status="current", progress=2)

    read(reader_rina, series.chapters_here[:1], minutes=1)
    read(reader_rina, series.chapters_here[:1], minutes=2, is_unread=True)

    assert (only_item().progress, only_item().unread_count) == (2, 3)
    assert_counted_right(reader_rina)


def test_a_mark_that_is_undone_takes_back_what_it_alone_has_raised(reader_rina, series):
    first, second, third = series.chapters_here
    everything = Selection(last=third.pk)

    def mark() -> Job:
        _count, job = mark_chapters(series, user=reader_rina, selection=everything, is_read=True)
        assert job is not None
        catch_up()
        return job

    def undo(job: Job) -> None:
        undo_job_of(job, user=reader_rina)
        catch_up()
        assert_counted_right(reader_rina)

    undo(mark())
    assert not LibraryItem.objects.exists(), "the mark alone had added it"

    read(reader_rina, [first], minutes=1)
    job = mark()
    assert (only_item().status, only_item().progress) == ("completed", 3)
    undo(job)
    assert (only_item().status, only_item().progress) == ("current", 1)
    assert (only_item().finished_on, only_item().unread_count) == (None, 2)

    job = mark()
    edit_item(reader_rina, only_item().pk, fields={"score": 90}, origin=Origin.WEB)
    undo(job)
    assert (only_item().progress, only_item().score) == (3, 90), "somebody has changed it since"

    edit_item(reader_rina, only_item().pk, fields={"progress": 1}, origin=Origin.WEB)
    job = mark()
    now = timezone.now()
    save_progress(second, user=reader_rina, progress=Progress(1, True, now + timedelta(minutes=1)))
    undo(job)
    assert (only_item().progress, only_item().unread_count) == (3, 1), "one of them is read since"


def test_the_first_chapter_read_once_more_begins_a_repeat(reader_rina, series):
    read(reader_rina, series.chapters_here, minutes=1)
    read(reader_rina, series.chapters_here, minutes=1)  # the same turns, sent again
    assert (only_item().status, only_item().repeats) == ("completed", 0)

    read(reader_rina, series.chapters_here[:1], minutes=5)
    again = only_item()
    read(reader_rina, series.chapters_here[1:], minutes=6)

    assert (again.status, again.repeats, again.progress) == ("repeating", 1, 1)
    assert (only_item().status, only_item().repeats, only_item().progress) == ("completed", 1, 3)
    assert_counted_right(reader_rina)


@pytest.mark.parametrize("preference", ["follow_reading", "add_when_read"])
def test_who_does_not_want_it_gets_no_item(preference, reader_rina, series):
    change_preferences(reader_rina, **{preference: False})

    read(reader_rina, series.chapters_here)

    assert not LibraryItem.objects.exists()


def test_chapters_that_come_and_go_change_what_is_left(
    reader_rina, outsider_otto, uploader_uli, moderator_mo, series
):
    for person in (reader_rina, outsider_otto):
        keep(person, series)
    read(reader_rina, series.chapters_here)
    fourth = make_chapters(uploader_uli, series, 4)[0]
    upload = fourth.live_upload

    take_down_upload(upload, moderator=moderator_mo, reason="Not ours.")
    catch_up()
    without = dict(LibraryItem.objects.values_list("user__username", "unread_count"))
    restore_upload(upload, moderator=moderator_mo)
    LibraryItem.objects.update(unread_count=9)  # it is counted anew, and not counted on
    catch_up()

    assert without == {"rina": 0, "otto": 3}


def test_the_next_chapter_is_in_the_languages_and_of_the_group_read_last(
    reader_rina, uploader_uli, series
):
    reader_rina.reading_languages = ["ky", "ru"]
    reader_rina.save(update_fields=["reading_languages"])
    russian = make_chapters(uploader_uli, series, 2, 3, language="ru")

    keep(reader_rina, series)
    at_first = only_item().next_chapter_id
    read(reader_rina, [*series.chapters_here[:1], series.in_kyrgyz])

    assert at_first == series.in_kyrgyz.pk
    assert only_item().next_chapter_id == russian[1].pk
    assert_counted_right(reader_rina)


def test_other_languages_have_other_next_chapters(reader_rina, series):
    keep(reader_rina, series)
    before = only_item().next_chapter_id

    edit_profile(reader_rina, reading_languages=["ky"])
    catch_up()

    assert (before, only_item().next_chapter_id) == (
        series.chapters_here[0].pk, series.in_kyrgyz.pk,
    )  # fmt: skip


def test_numbers_that_begin_anew_are_places_of_their_own(reader_rina, uploader_uli):
    series = make_title("Toshtuk", numbers_restart_per_volume=True)
    chapters = []
    for volume in (1, 2):
        chapters += make_chapters(uploader_uli, series, 1)
        Chapter.objects.filter(pk=chapters[-1].pk).update(place_volume=volume)
    refresh_counters(series.pk)

    read(reader_rina, chapters[1:], minutes=1)

    assert (only_item().progress, only_item().unread_count) == (1, 1)
    assert only_item().next_chapter_id == chapters[0].pk


def test_unread_titles_are_listed_newest_chapter_first(reader_rina, uploader_uli, series):
    other = make_title("Toshtuk")
    make_chapters(uploader_uli, other, 7)
    make_chapters(uploader_uli, make_title("Not mine"), 1)
    for title in (other, series, make_title("Nothing here")):
        keep(reader_rina, title)
    rina = client_of(reader_rina)

    listed = rina.get("/api/library/unread").json()["results"]
    read(reader_rina, series.chapters_here)
    left = rina.get("/api/library/unread").json()["results"]

    assert [(row["title"], row["unread_count"]) for row in listed] == [("Toshtuk", 1), ("Manas", 3)]
    assert listed[0]["next_chapter"]["number"] == "7"
    assert [row["title"] for row in left] == ["Toshtuk"]
    assert rina.get("/api/library/summary").json()["unread"] == 1


def test_an_item_is_called_and_sorted_as_its_title_is_now(reader_rina, moderator_mo, series):
    keep(reader_rina, series)
    series.name = "Жаңы ат"
    series.kind = "novel"
    series.save()

    record_title_edit(series, editor=moderator_mo, changed=["name", "kind"])
    catch_up()

    item = only_item()
    assert (bytes(item.name_order), item.kind) == (bytes(series.name_order), "novel")
    assert_counted_right(reader_rina)
