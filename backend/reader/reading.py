"""Where readers are: saved per page, on every device, replayed safely when it comes late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.authority import acting
from accounts.models import User
from common.errors import Invalid
from reader.models import Chapter, ReadingState
from reader.rows import READING_COLUMNS, chapter_link, chapters_after, series_of

_CLOCK_SKEW = timedelta(minutes=5)
_RECENT = 20


@dataclass(frozen=True)
class Progress:
    """A page turn: `page` is its number, `changed_at` the reader's clock."""

    page: int
    is_finished: bool
    changed_at: datetime


def save_progress(chapter: Chapter, *, user: User, progress: Progress) -> ReadingState:
    """Keep the newest page turn, whatever the order they arrive in; return what holds now."""
    if progress.page > max(chapter.page_count, 1):
        message = _("This chapter has no such page.")
        raise Invalid(message, fields={"page": [message]})
    # A phone whose clock is ahead must not win for ever.
    changed_at = min(progress.changed_at, timezone.now() + _CLOCK_SKEW)
    finished_at = changed_at if progress.is_finished else None
    with acting(user):
        state, created = ReadingState.objects.select_for_update().get_or_create(
            user=user,
            chapter=chapter,
            defaults={"page": progress.page, "finished_at": finished_at, "changed_at": changed_at},
        )
        if not created and state.changed_at <= changed_at:
            # The same turn again may bring that the chapter was read to its end on another device.
            if state.changed_at < changed_at:
                state.page, state.changed_at = progress.page, changed_at
            state.finished_at = state.finished_at or finished_at
            state.save(update_fields=["page", "changed_at", "finished_at"])
    return state


def recent_reading(user: User) -> list[dict[str, Any]]:
    """Return the newest place in each of the last series, and the chapter that comes after."""
    mine = ReadingState.objects.filter(user=user, chapter__in=Chapter.objects.public())
    newer = mine.filter(chapter__series=OuterRef("chapter__series")).order_by("-changed_at", "-pk")
    newest = mine.filter(pk=Subquery(newer.values("pk")[:1])).order_by("-changed_at", "-pk")
    columns = (
        *(f"chapter__{column}" for column in READING_COLUMNS),
        "page",
        "finished_at",
        "changed_at",
    )
    rows = [
        {name.removeprefix("chapter__"): value for name, value in row.items()}
        for row in newest.values(*columns)[:_RECENT]
    ]
    following = chapters_after(rows)
    return [_reading_row(row, following.get(row["id"])) for row in rows]


def _reading_row(row: dict[str, Any], following: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "series": series_of(row, with_cover=True),
        "chapter": {**chapter_link(row), "page_count": row["page_count"]},
        "page": row["page"],
        "finished_at": row["finished_at"],
        "changed_at": row["changed_at"],
        "next_chapter": following,
    }
