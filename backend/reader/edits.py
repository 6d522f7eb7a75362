"""Words and times of chapters, volumes and groups, as moderators change them; lists follow."""

from collections.abc import Collection

from django.utils import timezone

from accounts.audit import log_decision
from accounts.authority import acting
from accounts.models import User
from common.errors import Invalid
from common.hot_cache import forget_lists
from reader.chapters import refresh_counters
from reader.models import Chapter, Group, Volume
from reader.rights import refuse_unless_moderator

_WORDS = ("title", "volume", "publish_at")


def save_chapter_words(chapter: Chapter, *, editor: User, changed: Collection[str]) -> None:
    """Save title, volume and time of publication; a later time hides a live chapter till then."""
    refuse_unless_moderator(editor)
    columns = [name for name in changed if name in _WORDS]
    if not columns:
        return
    if chapter.volume is not None and chapter.volume.series_id != chapter.series_id:
        raise Invalid("volume of another series")
    now = timezone.now()
    with acting(editor):
        if "publish_at" in columns:
            is_due = chapter.publish_at is None or chapter.publish_at <= now
            if not is_due:
                chapter.published_at = None
            elif chapter.live_upload_id is not None and chapter.published_at is None:
                chapter.published_at = now
            columns.append("published_at")
        chapter.save(update_fields=columns)
        refresh_counters(chapter.series_id)
        log_decision(chapter, action="edit_chapter", actor=editor, reason=", ".join(changed))


def record_volume_edit(
    volume: Volume, *, editor: User, changed: Collection[str], is_new: bool = False
) -> None:
    """After a volume was saved."""
    _record(volume, "volume", editor=editor, changed=changed, is_new=is_new)


def record_group_edit(
    group: Group, *, editor: User, changed: Collection[str], is_new: bool = False
) -> None:
    """After a translation group was saved."""
    _record(group, "group", editor=editor, changed=changed, is_new=is_new)


def delete_volume(volume: Volume, *, editor: User) -> None:
    """Delete a volume; its chapters stay, without one."""
    refuse_unless_moderator(editor)
    with acting(editor):
        log_decision(volume, action="delete_volume", actor=editor)
        volume.delete()
        forget_lists()


def _record(
    row: Volume | Group, noun: str, *, editor: User, changed: Collection[str], is_new: bool
) -> None:
    refuse_unless_moderator(editor)
    if not changed and not is_new:
        return
    with acting(editor):
        verb = "create" if is_new else "edit"
        log_decision(row, action=f"{verb}_{noun}", actor=editor, reason=", ".join(changed))
        forget_lists()
