"""The counters behind the summary: kept by what an item counted for before and counts for now.

Whoever changes an item has locked its user's row (`acting`), so each difference is exact.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from accounts.models import User
from tracker.choices import ItemStatus, unit_of
from tracker.models import LibraryCount, LibraryItem

_COLUMNS = ("items", "favourites", "unread", "progress")


class Counted(NamedTuple):
    """What one item counts for."""

    kind: str
    status: str
    favourites: int
    unread: int
    progress: int


def counted(item: LibraryItem) -> Counted:
    """Return what the item counts for as it is now."""
    return Counted(
        item.kind, item.status, int(item.is_favourite), int(item.unread_count > 0), item.progress
    )


Change = tuple[int, Counted | None, Counted | None]


def count_changes(changes: Iterable[Change]) -> None:
    """Count items that changed: (user id, what it counted for, what it counts for now).

    None stands for an item that was not there, or is there no more. Users whose counters change
    alike share a statement.
    """
    sums: defaultdict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0] * len(_COLUMNS))
    for user_id, before, after in changes:
        if before == after:
            continue
        for item, sign in ((before, -1), (after, 1)):
            if item is not None:
                row = sums[user_id, item.kind, item.status]
                for place, number in enumerate((1, *item[2:])):
                    row[place] += sign * number
    alike: defaultdict[tuple[str, str, tuple[int, ...]], list[int]] = defaultdict(list)
    for (user_id, kind, status), row in sums.items():
        if any(row):
            alike[kind, status, tuple(row)].append(user_id)
    for (kind, status, numbers), user_ids in sorted(alike.items()):
        _add(user_ids, kind, status, dict(zip(_COLUMNS, numbers, strict=True)))


def _add(user_ids: list[int], kind: str, status: str, numbers: dict[str, int]) -> None:
    rows = LibraryCount.objects.filter(user__in=user_ids, kind=kind, status=status)
    grown = {column: F(column) + number for column, number in numbers.items() if number}
    if rows.update(**grown) == len(user_ids):
        return
    known = set(rows.values_list("user_id", flat=True))
    LibraryCount.objects.bulk_create(
        LibraryCount(user_id=user_id, kind=kind, status=status, **numbers)
        for user_id in user_ids
        if user_id not in known
    )


def summary_of(user_id: int) -> dict[str, object]:
    """Return the totals of a library, from its counters alone."""
    by_status = dict.fromkeys(ItemStatus.values, 0)
    by_type: defaultdict[str, int] = defaultdict(int)
    progress = {"chapters": 0, "episodes": 0, "minutes": 0}
    favourites = unread = 0
    for row in LibraryCount.objects.filter(user=user_id):
        by_status[row.status] += row.items
        if row.items:
            by_type[row.kind] += row.items
        favourites += row.favourites
        unread += row.unread
        progress[unit_of(row.kind).value] += row.progress
    return {
        "total": sum(by_status.values()),
        "by_status": by_status,
        "by_type": dict(by_type),
        "favourites": favourites,
        "unread": unread,
        "progress": progress,
    }


def recount_library(user_id: int) -> bool:
    """Count a library from scratch, and return True where the counters were wrong."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
        right = {(row.pop("kind"), row.pop("status")): row for row in _from_scratch(user_id)}
        kept = {
            (row.pop("kind"), row.pop("status")): row
            for row in LibraryCount.objects.filter(user=user_id).values("kind", "status", *_COLUMNS)
            if any(row[column] for column in _COLUMNS)
        }
        if right == kept:
            return False
        LibraryCount.objects.filter(user=user_id).delete()
        LibraryCount.objects.bulk_create(
            LibraryCount(user_id=user_id, kind=kind, status=status, **row)
            for (kind, status), row in right.items()
        )
    return True


def _from_scratch(user_id: int) -> Iterator[dict[str, Any]]:
    items = LibraryItem.objects.filter(user=user_id).order_by().values("kind", "status")
    totals: Any = items.annotate(
        items=Count("pk"),
        favourites=Count("pk", filter=Q(is_favourite=True)),
        unread=Count("pk", filter=Q(unread_count__gt=0)),
        total=Sum("progress"),
    )
    yield from totals.values("kind", "status", "items", "favourites", "unread", progress=F("total"))
