"""Upper apps are told of each change of the chapters that are public, and of progress."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.models import Event
from reader.models import Chapter
from reader.publication.edits import save_chapter_words, set_numbers_restart
from reader.publication.moderation import approve_upload, restore_upload, take_down_upload
from reader.publication.publishing import publish_upload
from reader.publication.series import approve_series, reject_series, unpublish_series
from reader.publication.undoing import undo_decision
from reader.reading.chapters import release_due_chapters
from reader.reading.progress import Progress, save_progress_rows
from tests.cast import make_title, make_upload, make_upload_row

pytestmark = pytest.mark.django_db


def told():
    """Return the events since the last call: their names and chapters."""
    found = [(event.name, event.payload["chapter_id"]) for event in Event.objects.order_by("pk")]
    Event.objects.all().delete()
    return found


def test_every_change_of_what_is_public_is_told(uploader_uli, moderator_mo):
    series = make_title()
    upload = make_upload(uploader=uploader_uli, series=series, state="live", moderator=moderator_mo)
    chapter = upload.chapter
    assert told() == [("chapter_published", chapter.pk)]

    replacing = make_upload(
        uploader=uploader_uli, series=series, number=chapter.number, state="live",
        moderator=moderator_mo,
    )  # fmt: skip
    assert told() == [], "another version of the same chapter"
    undo_decision(replacing, moderator=moderator_mo)
    assert told() == []

    live = make_upload(uploader=uploader_uli, series=series, state="live", moderator=moderator_mo)
    chapter = live.chapter
    shown, hidden = ("chapter_published", chapter.pk), ("chapter_hidden", chapter.pk)
    undo_decision(live, moderator=moderator_mo)
    assert told() == [shown, hidden]
    approve_upload(live, moderator=moderator_mo)
    publish_upload.run(live.pk)
    assert told() == [shown]
    take_down_upload(live, moderator=moderator_mo, reason="Blurred.")
    restore_upload(live, moderator=moderator_mo)
    publish_upload.run(live.pk)
    assert told() == [hidden, shown]

    chapter.refresh_from_db()
    chapter.publish_at = timezone.now() + timedelta(days=1)
    save_chapter_words(chapter, editor=moderator_mo, changed=["publish_at"])
    release_due_chapters()
    assert told() == [hidden]
    Chapter.objects.update(publish_at=timezone.now() - timedelta(seconds=1))
    release_due_chapters()
    release_due_chapters()
    assert told() == [shown]

    unpublish_series(series, moderator=moderator_mo)
    approve_series(series, moderator=moderator_mo)
    assert told() == [("chapter_hidden", None), ("chapter_published", None)]
    set_numbers_restart(series, restart=True, editor=moderator_mo)
    reject_series(series, moderator=moderator_mo, reason="Stolen.")
    assert told() == [("chapter_hidden", None)] * 2


def test_progress_is_told_where_chapters_are_opened_finished_or_forgotten(
    reader_rina, uploader_uli
):
    series = make_title()
    first, second = (
        make_upload_row(uploader=uploader_uli, series=series, pages=0).chapter for _ in range(2)
    )
    other = make_upload_row(uploader=uploader_uli, series=make_title("Manas"), pages=0).chapter
    now = timezone.now() - timedelta(minutes=10)

    def save(*turns):
        save_progress_rows(
            [
                (chapter, Progress(page=page, is_finished=finished, is_unread=unread,
                                   changed_at=now + timedelta(seconds=second)))
                for chapter, page, finished, unread, second in turns
            ],
            user=reader_rina,
        )  # fmt: skip
        found = [event.payload for event in Event.objects.order_by("pk")]
        Event.objects.all().delete()
        assert all(payload.pop("user_id") == reader_rina.pk for payload in found)
        return [(payload["title_id"], payload["chapter_ids"]) for payload in found]

    turns = [(second, 1, False, False, 1), (first, 2, False, False, 2), (other, 1, True, False, 3)]
    assert save(*turns) == [(series.pk, [first.pk, second.pk]), (other.series_id, [other.pk])]
    assert save(*turns) == [], "nothing new"
    assert save((first, 3, False, False, 4)) == [], "only the page"
    assert save((first, 4, True, False, 5)) == [(series.pk, [first.pk])]
    assert save((first, 0, False, True, 6)) == [(series.pk, [first.pk])]
