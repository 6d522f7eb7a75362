"""Moves the rows of one title to another, and back: what participants of a merge share.

See `common.personal_data.Participant.merge_titles`.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

_AT_ONCE = 500


def move_rows(
    rows: QuerySet[Any], column: str, *, from_id: int, into_id: int, once_by: Sequence[str] = ()
) -> list[int]:
    """Point the rows of one title at another, and return their ids.

    `once_by` are the columns that, with the title, are unique: a row whose values the other title
    has already stays where it is.
    """
    names = ("pk", *once_by)
    there = set(rows.filter(**{column: into_id}).values_list(*once_by)) if once_by else set()
    here = rows.filter(**{column: from_id}).order_by("pk").values_list(*names)
    moved = [pk for pk, *key in here if not once_by or tuple(key) not in there]
    point_rows(rows, column, moved, at_id=into_id)
    return moved


def point_rows(rows: QuerySet[Any], column: str, ids: Sequence[int], *, at_id: int) -> None:
    """Point rows at a title, some at a time."""
    for start in range(0, len(ids), _AT_ONCE):
        rows.filter(pk__in=ids[start : start + _AT_ONCE]).update(**{column: at_id})
