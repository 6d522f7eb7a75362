"""Builds the API's items from database rows: pages of a library are measured (`bench library`).

A page is found by ids first, from an index alone: with titles and covers joined, PostgreSQL would
sort a whole library. Three more queries, which are compiled once, read what it shows.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import orjson

from catalog.choices import Moderation
from catalog.cover_drafts import shown_drafts
from catalog.rows import COVER_COLUMNS, cover_of, external_ids, path_slug
from common.compiled_rows import CompiledQuery, Placeholder, as_utc, compile_rows
from reader.models import Chapter
from reader.reading.chapter_rows import LINK_COLUMNS, chapter_links
from tracker.choices import unit_of
from tracker.library.linked import sync_states
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
    "duration_minutes", "chapter_count", "format", "site_url", "anilist_id", "mal_id",
    "mangadex_id", *COVER_COLUMNS,
)  # fmt: skip
_ROW_COLUMNS = (
    "id", "user_id", "title_id", "kind", *FIELD_COLUMNS.values(), "unread_count", "next_chapter_id",
    "synced_at", "created_at", "updated_at",
    *(f"title__{column}" for column in _TITLE_COLUMNS),
)  # fmt: skip
_ITEMS, _CHAPTERS = Placeholder("items"), Placeholder("chapters")
_MOMENTS = ("synced_at", "created_at", "updated_at")
_FLAGS = ("is_favourite", "is_private")


def rows_of_ids(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return items as the API shows them, in the order of `ids`."""
    if not ids:
        return []
    found = {}
    for values in _rows(len(ids)).rows({_ITEMS: ids}):
        row = dict(zip(_ROW_COLUMNS, values, strict=True))
        for column in _MOMENTS:
            row[column] = as_utc(row[column])
        for column in _FLAGS:
            row[column] = bool(row[column])
        row["title__names"] = orjson.loads(row["title__names"])
        found[row["id"]] = row
    return _shape_all([found[pk] for pk in ids if pk in found])


@lru_cache(maxsize=128)
def _rows(count: int) -> CompiledQuery:
    return compile_rows(LibraryItem.objects.filter(pk__in=_ITEMS.times(count)), _ROW_COLUMNS)


def _shape_all(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    tags = tags_of([row["id"] for row in rows])
    chapters = _chapter_links({row["next_chapter_id"] for row in rows} - {None})
    syncs = sync_states(rows[0]["user_id"], [row["title_id"] for row in rows]) if rows else {}
    items = [
        _shape(row, tags.get(row["id"], []), chapters)
        | {"sync": syncs.get((row["user_id"], row["title_id"]), "")}
        for row in rows
    ]
    # Only titles that one has named oneself have a cover that waits.
    bare = [
        item
        for item in items
        if item["cover"] is None and item["moderation"] == Moderation.UNLISTED
    ]
    if bare:
        drafts = shown_drafts([item["title_id"] for item in bare])
        for item in bare:
            item["cover"] = drafts.get(item["title_id"])
    return items


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
        "external_ids": external_ids(
            row["title__anilist_id"], row["title__mal_id"], row["title__mangadex_id"]
        ),
        "format": row["title__format"],
        "site_url": row["title__site_url"],
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
    found = chapter_links(_chapters(len(ids)).rows({_CHAPTERS: list(ids)}))
    return {link["id"]: link for link in found}


@lru_cache(maxsize=128)
def _chapters(count: int) -> CompiledQuery:
    return compile_rows(Chapter.objects.filter(pk__in=_CHAPTERS.times(count)), LINK_COLUMNS)
