"""What moves of a title that is merged into another one: the chapters that are taken for it.

A title of a source that both take from stays with the merged one, where nothing more is fetched.
"""

from typing import Any

from common.merging import move_rows, point_rows
from sources.models import SourceFollow

TITLE_COLUMNS = ("sources.SourceFollow.series",)
_SAME = ("source", "external_id")


def merge_follows(from_id: int, into_id: int) -> dict[str, Any]:
    """Move them, and return what `unmerge_follows` needs."""
    moved = move_rows(
        SourceFollow.objects.all(), "series_id", from_id=from_id, into_id=into_id, once_by=_SAME
    )
    return {"from": from_id, "into": into_id, "follows": moved}


def unmerge_follows(record: dict[str, Any]) -> None:
    """Move back what is still with the other title."""
    here = SourceFollow.objects.filter(series=record["into"])
    point_rows(here, "series_id", record["follows"], at_id=record["from"])
