"""What moves of AniList's lists when a title is merged into another one.

A list there may hold both titles. Then the row of the merged one stays with it: its item is one
with the other's now, and nobody took it out, so neither side loses an entry by it. That row is
marked as the same title: what changes of it there does not bring the merged title back.
"""

from typing import Any

from common.merging import move_rows, point_rows
from tracker.models import AniListConflict, AniListEntry

# Why an entry that a merge has left behind is not taken.
SAME_TITLE = "same_title"
TITLE_COLUMNS = ("tracker.AniListEntry.title", "tracker.AniListConflict.title")


def users_of_title(title_id: int) -> set[int]:
    """Return the users who have a title in their list there."""
    return set(AniListEntry.objects.filter(title=title_id).values_list("account_id", flat=True))


def merge_entries(from_id: int, into_id: int) -> dict[str, Any]:
    """Move them, and return what `unmerge_entries` needs."""
    moved = move_rows(
        AniListEntry.objects.all(), "title_id", from_id=from_id, into_id=into_id,
        once_by=["account_id"],
    )  # fmt: skip
    AniListEntry.objects.filter(title=from_id).update(
        refusal_code=SAME_TITLE, refusal="", waiting_since=None, is_urgent=False
    )
    return {
        "from": from_id,
        "entries": moved,
        "conflicts": move_rows(
            AniListConflict.objects.all(), "title_id", from_id=from_id, into_id=into_id
        ),
    }  # fmt: skip


def unmerge_entries(record: dict[str, Any]) -> None:
    """Give them back, but for those of accounts that have the title again."""
    from_id = record["from"]
    AniListEntry.objects.filter(title=from_id, refusal_code=SAME_TITLE).update(refusal_code="")
    again = AniListEntry.objects.filter(title=from_id).values_list("account_id", flat=True)
    entries = AniListEntry.objects.exclude(account__in=list(again))
    point_rows(entries, "title_id", record["entries"], at_id=from_id)
    point_rows(AniListConflict.objects.all(), "title_id", record["conflicts"], at_id=from_id)
