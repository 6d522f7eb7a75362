"""Builds the API's items from database rows: pages of a library are measured (`bench library`).

A page takes three queries, however many items it has: the items with their titles and covers,
their tags, and their next chapters.
"""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import QuerySet

from catalog.rows import COVER_COLUMNS, cover_of, path_slug
from reader.models import Chapter
from reader.reading.chapter_rows import LINK_COLUMNS, chapter_link
from tracker.choices import unit_of
from tracker.library.progress import effective_extent, extent_of
from tracker.library.tags import tags_of
from tracker.models import LibraryItem

# The columns of an item that the user sets, by the names that the API gives them.
FIELD_COLUMNS = {
    "status": "status",
    "progress": "progress",
    "progress_volumes": "progress_volumes",
    "max_progress": "max_progress",
    "score": "score",
    "favourite": "is_favourite",
    "notes": "notes",
    "private": "is_private",
    "started_on": "started_on",
    "finished_on": "finished_on",
    "repeats": "repeats",
    "source": "source",
    "cover_url": "cover_url",
}
_TITLE_COLUMNS = (
    "name", "slug", "names", "original_name", "year", "status", "moderation", "length",
    "duration_minutes", "chapter_count", *COVER_COLUMNS,
)  # fmt: skip
ROW_COLUMNS = (
    "id", "title_id", "kind", *FIELD_COLUMNS.values(), "unread_count", "next_chapter_id",
    "synced_at", "created_at", "updated_at",
    # What lists are sorted by.
    "name_order", "score_order", "last_unread_at",
    *(f"title__{column}" for column in _TITLE_COLUMNS),
)  # fmt: skip


def item_rows(items: QuerySet[LibraryItem]) -> list[dict[str, Any]]:
    """Return items as the API shows them, in the queryset's order."""
    return shape_rows(list(items.values(*ROW_COLUMNS)))


def shape_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of ROW_COLUMNS as the API shows them."""
    tags = tags_of([row["id"] for row in rows])
    chapters = _chapter_links({row["next_chapter_id"] for row in rows} - {None})
    return [_shape(row, tags.get(row["id"], []), chapters) for row in rows]


def _shape(
    row: dict[str, Any], tags: list[str], chapters: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    unit, own_max = unit_of(row["kind"]), row["max_progress"]
    extent = extent_of(
        row["kind"], status=row["title__status"], length=row["title__length"],
        minutes=row["title__duration_minutes"],
    )  # fmt: skip
    is_read_here = row["title__chapter_count"] > 0
    return {
        "id": row["id"],
        "title": row["title__name"],
        "title_id": row["title_id"],
        "slug": path_slug(row["title_id"], row["title__slug"]),
        "names": row["title__names"],
        "original_name": row["title__original_name"],
        "type": row["kind"],
        "year": row["title__year"],
        "cover": cover_of(row, "title__"),
        "title_status": row["title__status"],
        "moderation": row["title__moderation"],
        "unit": unit.value,
        **{field: row[column] for field, column in FIELD_COLUMNS.items()},
        "max_progress": effective_extent(extent, own_max).units,
        "has_own_max": own_max is not None,
        "tags": tags,
        "unread_count": row["unread_count"] if is_read_here else None,
        "next_chapter": chapters.get(row["next_chapter_id"]),
        "synced_at": row["synced_at"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def _chapter_links(ids: Collection[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    found = Chapter.objects.filter(pk__in=ids)
    return {row["id"]: chapter_link(row) for row in found.values(*LINK_COLUMNS)}
