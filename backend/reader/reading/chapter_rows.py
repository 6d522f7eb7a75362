"""Chapters and uploads as the API tells them, built from `.values()` rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import F

from catalog.choices import reading_direction
from catalog.rows import COVER_COLUMNS, cover_of, path_slug
from common.compiled_rows import CompiledQuery, Placeholder, Values, as_utc, compile_rows
from common.http.renderers import plain_number
from reader.models import Chapter, ChapterQuerySet, Page

CHAPTER_COLUMNS = (
    "id",
    "number",
    "volume__number",
    "title",
    "language",
    "group__slug",
    "group__name",
    "page_count",
    "published_at",
)
SERIES_COLUMNS = ("series_id", "series__slug", "series__name", "series__kind")
SERIES_COVER_COLUMNS = tuple(f"series__{column}" for column in COVER_COLUMNS)
_VERSIONS_OF_A_NUMBER = 20
_SERIES, _LANGUAGE, _GROUP = Placeholder("series"), Placeholder("language"), Placeholder("group")
_CHAPTER, _UPLOAD = Placeholder("chapter"), Placeholder("upload")
_NUMBER, _VOLUME = Placeholder("number"), Placeholder("volume")
_BEFORE_ALL_VOLUMES, _BEHIND_ALL_IDS = -1, 2**63 - 1


def chapter_row(row: dict[str, Any]) -> dict[str, Any]:
    """Shape one row of CHAPTER_COLUMNS."""
    return _chapter(tuple(row.pop(column) for column in CHAPTER_COLUMNS)) | row


def _chapter(row: Sequence[Any]) -> dict[str, Any]:
    pk, number, volume, title, language, group_slug, group_name, page_count, published_at = row
    return {
        "id": pk,
        "number": None if number is None else plain_number(number),
        "volume": volume,
        "title": title,
        "language": language,
        "group": {"slug": group_slug, "name": group_name} if group_slug else None,
        "page_count": page_count,
        "published_at": as_utc(published_at),
    }


def chapter_rows(chapters: ChapterQuerySet) -> list[dict[str, Any]]:
    """Return a series' chapters in the queryset's order, in one query."""
    return [_chapter(row) for row in chapters.values_list(*CHAPTER_COLUMNS)]


def public_chapter_rows(
    series_id: int, *, language: str, group: str, newest_first: bool, start: int, count: int
) -> list[dict[str, Any]]:
    """Return a page of a series' public chapters, in one query that is compiled once."""
    values = {_SERIES: series_id, _LANGUAGE: language, _GROUP: group}
    query = _public_chapters(bool(language), bool(group), newest_first)
    return [_chapter(row) for row in query.page(start, count, values)]


@lru_cache(maxsize=8)
def _public_chapters(has_language: bool, has_group: bool, newest_first: bool) -> CompiledQuery:
    chapters = filter_chapters(
        Chapter.objects.public().filter(series=_SERIES),
        language=_LANGUAGE if has_language else "",
        group=_GROUP if has_group else "",
    )
    return compile_rows(order_chapters(chapters, newest_first=newest_first), CHAPTER_COLUMNS)


def filter_chapters(
    chapters: ChapterQuerySet, *, language: str | Placeholder, group: str | Placeholder
) -> ChapterQuerySet:
    """Keep one language and one group; an empty word keeps all."""
    if language:
        chapters = chapters.filter(language=language)
    return chapters.filter(group__slug=group) if group else chapters


def order_chapters(chapters: ChapterQuerySet, *, newest_first: bool) -> ChapterQuerySet:
    """Order by number, where it begins anew in each volume by that first; one-shots count as the
    oldest."""
    if newest_first:
        return chapters.order_by("-place_volume", F("number").desc(nulls_last=True), "id")
    return chapters.order_by("place_volume", F("number").asc(nulls_first=True), "id")


def series_of(row: dict[str, Any], *, with_cover: bool) -> dict[str, Any]:
    """Take the series' columns out of a chapter's row."""
    pk = row.pop("series_id")
    series = {
        "id": pk,
        "slug": path_slug(pk, row.pop("series__slug")),
        "name": row.pop("series__name"),
        "kind": row.pop("series__kind"),
    }
    if with_cover:
        series["cover"] = cover_of(row, "series__")
    return series


def chapters_with_series(chapters: ChapterQuerySet) -> list[dict[str, Any]]:
    """Return chapters of many series, each with its series and cover, in one query."""
    rows = chapters.values(*CHAPTER_COLUMNS, *SERIES_COLUMNS, *SERIES_COVER_COLUMNS)
    # The series first: what it leaves of a row is the chapter's.
    return [{"series": series_of(row, with_cover=True)} | chapter_row(row) for row in rows]


_DETAIL_COLUMNS = (
    *CHAPTER_COLUMNS,
    *SERIES_COLUMNS,
    *("series__direction", "group_id", "live_upload_id", "place_volume"),
)
_PAGE_COLUMNS = (
    "id", "number", "file__name", "saver__name", "width", "height", "color", "bytes"
)  # fmt: skip
_NEIGHBOUR_COLUMNS = ("id", "number", "title", "group_id", "place_volume")


def chapter_detail(chapters: ChapterQuerySet) -> dict[str, Any] | None:
    """Return the one chapter of the queryset with its pages and neighbours, in four queries."""
    row = chapters.values_list(*_DETAIL_COLUMNS).first()
    return None if row is None else _detail(row)


def public_chapter_detail(pk: int) -> dict[str, Any] | None:
    """Return a public chapter as `chapter_detail` does, by queries that are compiled once."""
    found = _public_chapter().rows({_CHAPTER: pk})
    return _detail(found[0]) if found else None


@lru_cache(maxsize=1)
def _public_chapter() -> CompiledQuery:
    return compile_rows(Chapter.objects.public().filter(pk=_CHAPTER), _DETAIL_COLUMNS)


def _detail(row: Sequence[Any]) -> dict[str, Any]:
    series_id, slug, name, kind, direction, group_id, upload_id, volume = row[
        len(CHAPTER_COLUMNS) :
    ]
    detail = _chapter(row[: len(CHAPTER_COLUMNS)])
    detail["series"] = {
        "id": series_id,
        "slug": path_slug(series_id, slug),
        "name": name,
        "kind": kind,
        "reading_direction": reading_direction(kind, direction),
    }
    media = settings.MEDIA_URL
    detail["pages"] = [_page_row(page, media) for page in _pages().rows({_UPLOAD: upload_id})]
    place = _Place(row[0], row[1], series_id, detail["language"], group_id, volume)
    if place.number is None:
        detail["previous"] = _one_shot("previous", place, than=place.id)
        detail["next"] = _one_shot("next", place, than=place.id) or _of_other_volume(
            "next", place, than=_BEFORE_ALL_VOLUMES
        )
    else:
        detail["previous"] = _numbered("previous", place) or _one_shot(
            "previous", place, than=_BEHIND_ALL_IDS
        )
        detail["next"] = _numbered("next", place)
    return detail


@lru_cache(maxsize=1)
def _pages() -> CompiledQuery:
    pages = Page.objects.filter(upload=_UPLOAD, file__isnull=False).order_by("number")
    return compile_rows(pages, _PAGE_COLUMNS)


def _page_row(page: Sequence[Any], media: str) -> dict[str, Any]:
    pk, number, name, saver, width, height, color, size = page
    return {
        "id": pk,
        "number": number,
        "url": media + name,
        "saver_url": media + saver if saver else None,
        "width": width,
        "height": height,
        "wide": width > height,
        "color": color,
        "bytes": size,
    }


@dataclass(frozen=True)
class _Place:
    """Where a chapter stands; its neighbours are those of `order_chapters` in its language."""

    id: int
    number: Any  # as the database's driver gives it
    series_id: int
    language: str
    group_id: int | None
    # 0 where numbers do not begin anew in each volume.
    volume: int


def _numbered(way: str, place: _Place) -> dict[str, Any] | None:
    """Return the link to the next or previous number, its own group's version if there is one.

    Where numbers begin anew in each volume, first in the same volume, then in the next.
    """
    than = {_VOLUME: place.volume, _NUMBER: place.number}
    found = _neighbour(_numbers(way), place, than)
    if found is None and place.volume:
        return _of_other_volume(way, place, than=place.volume)
    return found


def _of_other_volume(way: str, place: _Place, *, than: int) -> dict[str, Any] | None:
    """Return the link to the first number of the next volume, or the last of the previous one."""
    return _neighbour(_volumes(way), place, {_VOLUME: than})


def _one_shot(way: str, place: _Place, *, than: int) -> dict[str, Any] | None:
    """Return the link to the chapter without a number that comes after or before an id."""
    return _neighbour(_one_shots(way), place, {_CHAPTER: than})


def _neighbour(query: CompiledQuery, place: _Place, than: Values) -> dict[str, Any] | None:
    values = {_SERIES: place.series_id, _LANGUAGE: place.language, **than}
    found = query.page(0, _VERSIONS_OF_A_NUMBER, values)
    if not found:
        return None
    rows = [dict(zip(_NEIGHBOUR_COLUMNS, other, strict=True)) for other in found]
    nearest = rows[0]
    if nearest["number"] is None:  # a story of its own, no version of another
        return chapter_link(nearest)
    nearest_place = (nearest["place_volume"], nearest["number"])
    versions = (row for row in rows if (row["place_volume"], row["number"]) == nearest_place)
    own = (row for row in versions if row["group_id"] == place.group_id)
    return chapter_link(next(own, nearest))


@lru_cache(maxsize=2)
def _numbers(way: str) -> CompiledQuery:
    """Find the numbers before or after, nearest first. A few versions of one number are all that
    can stand before the same group's."""
    others = Chapter.objects.public().filter(
        series_id=_SERIES, language=_LANGUAGE, place_volume=_VOLUME
    )
    if way == "previous":
        others = others.filter(number__lt=_NUMBER).order_by("-number", "id")
    else:
        others = others.filter(number__gt=_NUMBER).order_by("number", "id")
    return compile_rows(others, _NEIGHBOUR_COLUMNS)


@lru_cache(maxsize=2)
def _volumes(way: str) -> CompiledQuery:
    """Find the numbers of the volumes before or after, nearest first."""
    others = Chapter.objects.public().filter(
        series_id=_SERIES, language=_LANGUAGE, number__isnull=False
    )
    if way == "previous":
        others = others.filter(place_volume__lt=_VOLUME)
        others = others.order_by("-place_volume", "-number", "id")
    else:
        others = others.filter(place_volume__gt=_VOLUME)
        others = others.order_by("place_volume", "number", "id")
    return compile_rows(others, _NEIGHBOUR_COLUMNS)


@lru_cache(maxsize=2)
def _one_shots(way: str) -> CompiledQuery:
    others = Chapter.objects.public().filter(
        series_id=_SERIES, language=_LANGUAGE, number__isnull=True
    )
    if way == "previous":
        others = others.filter(pk__lt=_CHAPTER).order_by("-pk")
    else:
        others = others.filter(pk__gt=_CHAPTER).order_by("pk")
    return compile_rows(others, _NEIGHBOUR_COLUMNS)


def chapter_link(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a link to a chapter needs."""
    number = None if row["number"] is None else plain_number(row["number"])
    return {"id": row["id"], "number": number, "title": row["title"]}
