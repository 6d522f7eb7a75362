"""The history of a library: each change of an item is a row, and the last one can be undone."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tracker.choices import Origin
from tracker.library.linked import mark_changed
from tracker.models import LibraryChange

# Stands for the whole item where it was added or removed.
ITEM = "item"


def plain(value: Any) -> Any:
    """Return the value of a field as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return `{field: [from, to]}` for the fields that differ."""
    return {
        field: [plain(before[field]), plain(value)]
        for field, value in after.items()
        if before[field] != value
    }


def record_change(
    *,
    user_id: int,
    title_id: int,
    changes: dict[str, list[Any]],
    origin: Origin,
    at: datetime | None = None,
) -> LibraryChange:
    """Write a change into the history, in the transaction that made it."""
    is_removal = ITEM in changes and changes[ITEM][1] is None
    mark_changed(user_id, [title_id], origin=origin, is_removal=is_removal)
    return LibraryChange.objects.create(
        user_id=user_id, title_id=title_id, changes=changes, origin=origin,
        at=at or timezone.now(),
    )  # fmt: skip


def history_of(user_id: int, *, title_id: int | None = None) -> QuerySet[LibraryChange]:
    """Return the changes of a library, or of one title in it."""
    changes = LibraryChange.objects.filter(user=user_id).select_related("title")
    return changes if title_id is None else changes.filter(title=title_id)


def can_undo(change: LibraryChange) -> bool:
    """Return True for the last change of its title that is not undone.

    Moderators alone undo a merge of titles; what was before it cannot be undone without it.
    """
    if change.undone_at is not None or change.origin in (Origin.UNDO, Origin.MERGE):
        return False
    later = LibraryChange.objects.filter(
        user=change.user_id, title=change.title_id, pk__gt=change.pk, undone_at__isnull=True
    )
    return not later.exclude(origin=Origin.UNDO).exists()
