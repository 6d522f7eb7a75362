"""Moderators edit chapters, volumes and groups; counters and cached lists follow."""

from collections.abc import Collection

from django.utils import timezone

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Title
from common.http.errors import Invalid
from common.http.shared_cache import invalidate_cached_views
from common.work.events import emit
from reader.models import Chapter, Group, Volume
from reader.permissions import MODERATE
from reader.reading.chapters import place_title, place_volume, refresh_counters
from reader.reading.places import (
    lock_places,
    refuse_taken_place,
    settle_places,
)

_WORDS = ("title", "volume", "publish_at")


def save_chapter_words(chapter: Chapter, *, editor: User, changed: Collection[str]) -> None:
    """Save title, volume and time of publication; a later time hides a live chapter until then."""
    columns = [name for name in changed if name in _WORDS]
    if not columns:
        return
    if chapter.volume is not None and chapter.volume.series_id != chapter.series_id:
        raise Invalid("volume of another series")
    now = timezone.now()
    columns += given_words(chapter, columns)
    with acting(editor, permission=MODERATE):
        if "publish_at" in columns:
            is_due = chapter.publish_at is None or chapter.publish_at <= now
            if not is_due:
                chapter.published_at = None
            elif chapter.live_upload_id is not None and chapter.published_at is None:
                chapter.published_at = now
            columns.append("published_at")
        refuse_taken_place(chapter)
        chapter.save(update_fields=columns)
        refresh_counters(chapter.series_id)
        if "publish_at" in columns and chapter.live_upload_id is not None:
            name = "chapter_hidden" if chapter.published_at is None else "chapter_published"
            emit(name, title_id=chapter.series_id, chapter_id=chapter.pk)
        log_decision(chapter, action="edit_chapter", actor=editor, reason=", ".join(changed))


def given_words(chapter: Chapter, changed: Collection[str]) -> list[str]:
    """Mark title and volume as set by a moderator, and adapt the chapter's place to them.

    Return the columns that have to be saved with it.
    """
    columns = []
    if "title" in changed:
        chapter.is_title_given = True
        chapter.place_title = place_title(chapter.number, chapter.title)
        columns += ["is_title_given", "place_title"]
    if "volume" in changed:
        number = chapter.volume.number if chapter.volume is not None else None
        chapter.is_volume_given = True
        chapter.place_volume = place_volume(chapter.series, number)
        columns += ["is_volume_given", "place_volume"]
    return columns


def set_numbers_restart(series: Title, *, restart: bool, editor: User) -> None:
    """Set whether chapter numbers begin anew in each volume; each chapter's place is adapted.

    Uploads that wait in the place of another volume get a place of their own. Raises PlaceTaken
    where chapters would become one.
    """
    with acting(editor, permission=MODERATE):
        lock_places([series.pk])
        Title.objects.filter(pk=series.pk).update(numbers_restart_per_volume=restart)
        settle_places(series.pk)
        invalidate_cached_views("chapters", "titles")


def record_volume_edit(
    volume: Volume, *, editor: User, changed: Collection[str], is_new: bool = False
) -> None:
    """Log the edit of a volume that was saved, and adapt the places of its chapters."""
    if "number" in changed and volume.series.numbers_restart_per_volume:
        settle_places(volume.series_id)
    _record(volume, "volume", editor=editor, changed=changed, is_new=is_new)


def record_group_edit(
    group: Group, *, editor: User, changed: Collection[str], is_new: bool = False
) -> None:
    """Log the edit of a translation group that was saved."""
    _record(group, "group", editor=editor, changed=changed, is_new=is_new)


def delete_volume(volume: Volume, *, editor: User) -> None:
    """Delete a volume; its chapters are kept, in no volume."""
    with acting(editor, permission=MODERATE):
        log_decision(volume, action="delete_volume", actor=editor)
        volume.delete()
        if volume.series.numbers_restart_per_volume:
            settle_places(volume.series_id)
        invalidate_cached_views("chapters")


def _record(
    row: Volume | Group, noun: str, *, editor: User, changed: Collection[str], is_new: bool
) -> None:
    if not changed and not is_new:
        return
    with acting(editor, permission=MODERATE):
        verb = "create" if is_new else "edit"
        log_decision(row, action=f"{verb}_{noun}", actor=editor, reason=", ".join(changed))
        invalidate_cached_views("chapters")
