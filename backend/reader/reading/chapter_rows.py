"""Builds the API's chapters from database rows, without a model instance for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Count, Expression, F, OuterRef, Q, QuerySet, Subquery

from catalog.choices import reading_direction
from catalog.models import TitleLanguage
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
SERIES_COLUMNS = ("series_id", "series__slug", "series__name", "series__names", "series__kind")
SERIES_COVER_COLUMNS = tuple(f"series__{column}" for column in COVER_COLUMNS)
LINK_COLUMNS = (
    *("id", "number", "title", "volume__number", "language"),
    *("group__slug", "group__name"),
)
_VERSIONS_OF_A_NUMBER = 20
_SERIES, _LANGUAGE, _GROUP = Placeholder("series"), Placeholder("language"), Placeholder("group")
_LANGUAGES = Placeholder("languages")
_CHAPTER, _UPLOAD = Placeholder("chapter"), Placeholder("upload")
_NUMBER, _VOLUME = Placeholder("number"), Placeholder("volume")
_BEFORE_ALL_VOLUMES, _BEHIND_ALL_IDS = -1, 2**63 - 1


def chapter_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of CHAPTER_COLUMNS as the API shows it; other columns of it stay as they are."""
    return _chapter(tuple(row.pop(column) for column in CHAPTER_COLUMNS)) | row


def _chapter(row: Sequence[Any]) -> dict[str, Any]:
    pk, number, volume, title, language, group_slug, group_name, page_count, published_at = row
    return {
        "id": pk,
        "number": None if number is None else plain_number(number),
        "volume": volume,
        "title": title,
        "language": language,
        "group": _group(group_slug, group_name),
        "page_count": page_count,
        "published_at": as_utc(published_at),
    }


def _group(slug: str | None, name: str | None) -> dict[str, Any] | None:
    return {"slug": slug, "name": name} if slug else None


def chapter_rows(chapters: ChapterQuerySet) -> list[dict[str, Any]]:
    """Return a series' chapters in the queryset's order, in one query."""
    return [_chapter(row) for row in chapters.values_list(*CHAPTER_COLUMNS)]


def public_chapter_rows(
    series_id: int,
    *,
    languages: Sequence[str],
    group: str,
    newest_first: bool,
    start: int,
    count: int,
) -> list[dict[str, Any]]:
    """Return a page of a series' public chapters, in one query that is compiled once."""
    values = {_SERIES: series_id, _LANGUAGES: languages, _GROUP: group}
    query = _public_chapters(len(languages), bool(group), newest_first)
    return [_chapter(row) for row in query.page(start, count, values)]


@lru_cache(maxsize=64)
def _public_chapters(languages: int, has_group: bool, newest_first: bool) -> CompiledQuery:
    chapters = filter_chapters(
        Chapter.objects.public().filter(series=_SERIES),
        languages=_LANGUAGES.times(languages) if languages else (),
        group=_GROUP if has_group else "",
    )
    return compile_rows(order_chapters(chapters, newest_first=newest_first), CHAPTER_COLUMNS)


def filter_chapters(
    chapters: ChapterQuerySet,
    *,
    languages: Sequence[str] | Expression,
    group: str | Placeholder,
) -> ChapterQuerySet:
    """Keep the chapters of the languages and of the group's slug; empty ones keep all."""
    if languages:
        chapters = chapters.filter(language__in=languages)
    return chapters.filter(group__slug=group) if group else chapters


def order_chapters(chapters: ChapterQuerySet, *, newest_first: bool) -> ChapterQuerySet:
    """Order by number; where numbers begin anew in each volume, by volume first.

    One-shots count as the oldest.
    """
    if newest_first:
        return chapters.order_by("-place_volume", F("number").desc(nulls_last=True), "id")
    return chapters.order_by("place_volume", F("number").asc(nulls_first=True), "id")


def series_of(row: dict[str, Any], *, with_cover: bool) -> dict[str, Any]:
    """Take the series' columns out of a chapter's row; return the series as the API shows it."""
    pk = row.pop("series_id")
    series = {
        "id": pk,
        "slug": path_slug(pk, row.pop("series__slug")),
        "name": row.pop("series__name"),
        "names": _names_of(row.pop("series__names")),
        "kind": row.pop("series__kind"),
    }
    if with_cover:
        series["cover"] = cover_of(row, "series__")
    return series


def _names_of(names: dict[str, str] | str) -> dict[str, str]:
    # Compiled queries return JSON as text.
    known: dict[str, str] = orjson.loads(names) if isinstance(names, str) else names
    return known


def newest_in_languages(
    chapters: ChapterQuerySet, languages: Sequence[str], count: int
) -> ChapterQuerySet:
    """Return the newest `count` of the chapters in these languages; in all where none is named.

    Each language is read from the index by itself. For several languages at once, a database would
    sort all of their chapters, or read all newer chapters of other languages too.
    """
    newest = chapters.order_by("-published_at", "-id")
    if not languages:
        return newest[:count]
    if len(languages) == 1:
        return newest.filter(language=languages[0])[:count]
    first, *others = (
        # A query around the sliced one: the parts of a union may not be sliced.
        Chapter.objects.filter(pk__in=newest.filter(language=language).values("pk")[:count])
        .order_by()
        .values("pk")
        for language in languages
    )
    # Read by themselves: inside the query that joins the series, PostgreSQL reads all chapters.
    found = list(first.union(*others, all=True).values_list("pk", flat=True))
    return Chapter.objects.filter(pk__in=found).order_by("-published_at", "-id")[:count]


def chapters_with_series(chapters: ChapterQuerySet) -> list[dict[str, Any]]:
    """Return chapters of many series, each with its series and cover, in one query."""
    rows = chapters.values(*CHAPTER_COLUMNS, *SERIES_COLUMNS, *SERIES_COVER_COLUMNS)
    # `series_of` runs first: it takes its columns out, and the rest of the row is the chapter.
    return [{"series": series_of(row, with_cover=True)} | chapter_row(row) for row in rows]


_DETAIL_COLUMNS = (
    *CHAPTER_COLUMNS,
    *SERIES_COLUMNS,
    *("series__direction", "group_id", "live_upload_id", "place_volume"),
)
_PAGE_COLUMNS = (
    "id", "number", "file__name", "saver__name", "width", "height", "color", "bytes"
)  # fmt: skip
_NEIGHBOUR_COLUMNS = (*LINK_COLUMNS, "group_id", "place_volume")


def chapter_detail(chapters: ChapterQuerySet) -> dict[str, Any] | None:
    """Return the only chapter of the queryset with its pages and its neighbours; None if empty."""
    row = chapters.values_list(*_DETAIL_COLUMNS).first()
    return None if row is None else _detail(row)


def public_chapter_detail(pk: int) -> dict[str, Any] | None:
    """Return a public chapter as `chapter_detail` does, by compiled queries; None if not found."""
    found = _public_chapter().rows({_CHAPTER: pk})
    return _detail(found[0]) if found else None


@lru_cache(maxsize=1)
def _public_chapter() -> CompiledQuery:
    return compile_rows(Chapter.objects.public().filter(pk=_CHAPTER), _DETAIL_COLUMNS)


def _detail(row: Sequence[Any]) -> dict[str, Any]:
    series_id, slug, name, names, kind, direction, group_id, upload_id, volume = row[
        len(CHAPTER_COLUMNS) :
    ]
    detail = _chapter(row[: len(CHAPTER_COLUMNS)])
    detail["series"] = {
        "id": series_id,
        "slug": path_slug(series_id, slug),
        "name": name,
        "names": _names_of(names),
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
    detail["next_in_other_languages"] = [] if detail["next"] else _in_other_languages(place)
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
    """A chapter's place in the order of `order_chapters` among the chapters of its language."""

    id: int
    number: Any  # as the database driver returns it
    series_id: int
    language: str
    group_id: int | None
    # 0 where numbers do not begin anew in each volume.
    volume: int


def _numbered(way: str, place: _Place) -> dict[str, Any] | None:
    """Return the link to the next or previous number, if possible in the same group's version.

    Where numbers begin anew in each volume, the same volume is searched first, then the others.
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
    """Return the link to the one-shot that comes after or before the id `than`."""
    return _neighbour(_one_shots(way), place, {_CHAPTER: than})


def _neighbour(query: CompiledQuery, place: _Place, than: Values) -> dict[str, Any] | None:
    values = {_SERIES: place.series_id, _LANGUAGE: place.language, **than}
    found = query.page(0, _VERSIONS_OF_A_NUMBER, values)
    if not found:
        return None
    rows = [dict(zip(_NEIGHBOUR_COLUMNS, other, strict=True)) for other in found]
    nearest = rows[0]
    if nearest["number"] is None:  # a one-shot is no version of another chapter
        return chapter_link(nearest)
    nearest_place = (nearest["place_volume"], nearest["number"])
    versions = (row for row in rows if (row["place_volume"], row["number"]) == nearest_place)
    own = (row for row in versions if row["group_id"] == place.group_id)
    return chapter_link(next(own, nearest))


def _in_other_languages(place: _Place) -> list[dict[str, Any]]:
    """Return the links to the first number after a chapter in each other language of its series."""
    values = {_SERIES: place.series_id, _LANGUAGE: place.language}
    if place.number is None:
        return chapter_links(_firsts_elsewhere(is_after_number=False).rows(values))
    values |= {_VOLUME: place.volume, _NUMBER: place.number}
    return chapter_links(_firsts_elsewhere(is_after_number=True).rows(values))


@lru_cache(maxsize=2)
def _numbers(way: str) -> CompiledQuery:
    """Compile the chapters with a number before or after another, nearest first.

    The first few rows are enough: only versions of the same number stand before the group's own.
    """
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
    """Compile the numbered chapters of the volumes before or after another, nearest first."""
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


@lru_cache(maxsize=2)
def _firsts_elsewhere(*, is_after_number: bool) -> CompiledQuery:
    others = Chapter.objects.public().filter(number__isnull=False)
    if is_after_number:
        others = others.filter(
            Q(place_volume__gt=_VOLUME) | Q(place_volume=_VOLUME, number__gt=_NUMBER)
        )
    return _first_in_each_language(others, TitleLanguage.objects.exclude(language=_LANGUAGE))


def first_chapters(series_id: int) -> list[dict[str, Any]]:
    """Return the links to the first public chapter of a series in each of its languages."""
    return chapter_links(_firsts().rows({_SERIES: series_id}))


@lru_cache(maxsize=1)
def _firsts() -> CompiledQuery:
    return _first_in_each_language(Chapter.objects.public(), TitleLanguage.objects.all())


def _first_in_each_language(
    chapters: ChapterQuerySet, languages: QuerySet[TitleLanguage]
) -> CompiledQuery:
    """Compile the links to the first of the chapters of _SERIES in each of the languages."""
    of_language = chapters.filter(series=_SERIES, language=OuterRef("language"))
    first = order_chapters(of_language, newest_first=False).values("pk")[:1]
    firsts = languages.filter(title=_SERIES).annotate(first=Subquery(first)).values("first")
    return compile_rows(Chapter.objects.filter(pk__in=firsts).order_by("language"), LINK_COLUMNS)


def groups_of_series(series_id: int) -> list[dict[str, Any]]:
    """Return the groups that have public chapters of a series, most chapters first."""
    return [
        {"id": pk, "name": name, "slug": slug, "count": count}
        for pk, name, slug, count in _groups().rows({_SERIES: series_id})
    ]


@lru_cache(maxsize=1)
def _groups() -> CompiledQuery:
    chapters = Chapter.objects.public().filter(series=_SERIES, group__isnull=False)
    columns = ("group_id", "group__name", "group__slug")
    groups = chapters.values(*columns, "group__name_order").annotate(count=Count("pk"))
    return compile_rows(groups.order_by("-count", "group__name_order"), (*columns, "count"))


def chapter_links(rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return the links to chapters from rows of LINK_COLUMNS, as the API shows them."""
    return [chapter_link(dict(zip(LINK_COLUMNS, row, strict=True))) for row in rows]


def chapter_link(row: dict[str, Any]) -> dict[str, Any]:
    """Return the link to a chapter from a row that has LINK_COLUMNS, as the API shows it."""
    return {
        "id": row["id"],
        "number": None if row["number"] is None else plain_number(row["number"]),
        "title": row["title"],
        "volume": row["volume__number"],
        "language": row["language"],
        "group": _group(row["group__slug"], row["group__name"]),
    }
