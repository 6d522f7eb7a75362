"""What sources say of a title that is merged moves to the other one, and comes back."""

from typing import Any

from common.merging import move_rows, point_rows
from sources.models import CoverFetch, SourceTitle

TITLE_COLUMNS = ("sources.SourceTitle.title", "sources.CoverFetch.title")


def merge_source_titles(from_id: int, into_id: int) -> dict[str, Any]:
    """Move the ids at sources; a cover that is still being fetched is not wanted any more."""
    CoverFetch.objects.filter(title=from_id, is_done=False).update(is_done=True, error_code="kept")
    moved = move_rows(SourceTitle.objects.all(), "title_id", from_id=from_id, into_id=into_id)
    return {"from": from_id, "into": into_id, "source_titles": moved}


def unmerge_source_titles(record: dict[str, Any]) -> None:
    """Move back what is still with the other title."""
    rows = SourceTitle.objects.filter(title=record["into"])
    point_rows(rows, "title_id", record["source_titles"], at_id=record["from"])
