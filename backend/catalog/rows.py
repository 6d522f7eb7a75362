"""Builds the API's titles from database rows, without a model instance for each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from catalog.choices import READABLE_KINDS, Kind, reading_direction
from catalog.models import (
    Alias,
    Category,
    Credit,
    Screenshot,
    Tag,
    Title,
    TitleLanguage,
    TitleQuerySet,
)
from common.compiled_rows import CompiledQuery, Placeholder, as_utc, compile_rows
from common.discovery import declared
from common.files.media import media_url
from common.http.renderers import plain_number

COVER_COLUMNS = (
    "cover__original__name",
    "cover__small__name",
    "cover__large__name",
    "cover__width",
    "cover__height",
    "cover__color",
)
_ROW_COLUMNS = (
    "id",
    "slug",
    "kind",
    "name",
    "original_name",
    "names",
    "status",
    "content_rating",
    "year",
    "original_language",
    "direction",
    "chapter_count",
    "last_chapter_at",
    "created_at",
    *COVER_COLUMNS,
)
_MOST_CHAPTERS_FIRST = ("-chapter_count", "language")
_TITLE, _TITLES = Placeholder("title"), Placeholder("titles")
_USUAL_DIRECTIONS = {kind.value: reading_direction(kind, "") for kind in Kind}
_DETAIL_COLUMNS = (
    "synopsis",
    "numbers_restart_per_volume",
    "length",
    "season_count",
    "duration_minutes",
    "trailers",
    "site_url",
    "format",
    "anilist_id",
    "mal_id",
    "mangadex_id",
    "popularity",
    "rating_average",
    "moderation",
)


def cover_of(row: dict[str, Any], prefix: str = "") -> dict[str, Any] | None:
    """Take the cover's columns out of a row, and return the cover as the API shows it.

    `prefix` is the lookup from the row to the title, such as "series__". None without a cover.
    """
    original, small, large, width, height, color = (
        row.pop(f"{prefix}{column}") for column in COVER_COLUMNS
    )
    if original is None:
        return None
    return {
        "url": media_url(original),
        "small_url": media_url(small) if small else None,
        "large_url": media_url(large) if large else None,
        "width": width,
        "height": height,
        "color": color,
    }


def path_slug(pk: int, slug: str | None) -> str:
    """Return the word that stands for a title in an address: its slug, or `p-<id>`."""
    return slug or f"p-{pk}"


def external_ids(anilist: int | None, mal: int | None, mangadex: object) -> dict[str, Any]:
    """Return the ids of a title on other sites as the API shows them."""
    return {
        "anilist": anilist,
        "mal": mal,
        "mangadex": str(UUID(str(mangadex))) if mangadex else None,
    }


def title_rows(titles: TitleQuerySet) -> list[dict[str, Any]]:
    """Return list rows in the queryset's order; always three queries, however many rows."""
    return rows_of_titles(compile_titles(titles).rows())


def compile_titles(titles: TitleQuerySet) -> CompiledQuery:
    """Compile a list of titles; `rows_of_titles` shapes its rows."""
    return compile_rows(titles, _ROW_COLUMNS)


def rows_of_titles(found: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return the rows of `compile_titles` as the API shows them, in two more queries."""
    ids = [row[0] for row in found]
    genres, languages = _words_by_title(_genre_links, ids), _words_by_title(_language_links, ids)
    media = settings.MEDIA_URL
    return [
        _list_row(row, genres.get(row[0], []), languages.get(row[0], []), media) for row in found
    ]


def _list_row(
    row: Sequence[Any], genres: list[str], languages: list[str], media: str
) -> dict[str, Any]:
    (
        pk, slug, kind, name, original_name, names, status, rating, year, language, direction,
        chapter_count, last_chapter_at, created_at, original, small, large, width, height, color,
    ) = row  # fmt: skip
    return {
        "id": pk,
        "slug": slug or path_slug(pk, slug),
        "kind": kind,
        "name": name,
        "original_name": original_name,
        "names": orjson.loads(names),
        "status": status,
        "content_rating": rating,
        "year": year,
        "original_language": language,
        "chapter_count": chapter_count,
        "last_chapter_at": as_utc(last_chapter_at),
        "created_at": as_utc(created_at),
        "cover": None if original is None else {
            "url": media + original,
            "small_url": media + small if small else None,
            "large_url": media + large if large else None,
            "width": width,
            "height": height,
            "color": color,
        },
        "reading_direction": direction or _USUAL_DIRECTIONS[kind],
        "genres": genres,
        "languages": languages,
    }  # fmt: skip


@lru_cache(maxsize=128)
def _genre_links(count: int) -> CompiledQuery:
    links = Category.title_set.through.objects.filter(title__in=_TITLES.times(count))
    return compile_rows(links.order_by("category__slug"), ("title_id", "category__slug"))


@lru_cache(maxsize=128)
def _language_links(count: int) -> CompiledQuery:
    links = TitleLanguage.objects.filter(title__in=_TITLES.times(count))
    return compile_rows(links.order_by(*_MOST_CHAPTERS_FIRST), ("title_id", "language"))


def _words_by_title(
    links: Callable[[int], CompiledQuery], ids: Sequence[int]
) -> dict[int, list[str]]:
    words: dict[int, list[str]] = {}
    if ids:
        for title_id, word in links(len(ids)).rows({_TITLES: ids}):
            words.setdefault(title_id, []).append(word)
    return words


def compile_detail(titles: TitleQuerySet) -> CompiledQuery:
    """Compile one title with everything about it; `detail_of` shapes its row."""
    return compile_rows(titles, (*_ROW_COLUMNS, *_DETAIL_COLUMNS))


def title_detail(titles: TitleQuerySet) -> dict[str, Any] | None:
    """Return the only title of the queryset with everything about it; None where it is empty."""
    found = compile_detail(titles).rows()
    return detail_of(found[0]) if found else None


def detail_of(row: Sequence[Any]) -> dict[str, Any]:
    """Return a row of `compile_detail` as the API shows it.

    Languages, genres, tags, aliases and credits take five more queries, screenshots of what is
    watched a sixth, and what apps above know one each; all are compiled once.
    """
    detail = _list_row(row[: len(_ROW_COLUMNS)], [], [], settings.MEDIA_URL)
    detail |= dict(zip(_DETAIL_COLUMNS, row[len(_ROW_COLUMNS) :], strict=True))
    for name in ("synopsis", "trailers"):
        detail[name] = orjson.loads(detail[name])
    detail["rejection_reason"] = ""  # told to those alone who see it rejected
    detail["numbers_restart_per_volume"] = bool(detail["numbers_restart_per_volume"])
    detail["rating_average"] = plain_number(detail["rating_average"])
    detail["external_ids"] = external_ids(
        detail.pop("anilist_id"), detail.pop("mal_id"), detail.pop("mangadex_id")
    )
    of_title = {_TITLE: detail["id"]}
    counts = _languages().rows(of_title)
    detail["languages"] = [language for language, _count in counts]
    detail["chapter_languages"] = [
        {"language": language, "count": count} for language, count in counts
    ]
    for name in ("genres", "tags"):
        words = _words_of_title(name).rows(of_title)
        detail[name] = [{"slug": slug, "name": orjson.loads(names)} for slug, names in words]
    detail["aliases"] = [
        {"name": name, "language": language} for name, language in _aliases().rows(of_title)
    ]
    detail["credits"] = [
        {"role": role, "part": part, "person": {"id": pk, "name": name, "slug": slug}}
        for role, part, pk, name, slug in _credits().rows(of_title)
    ]
    # What is read has none: its pages are asked for most, and are spared the query.
    is_read = detail["kind"] in READABLE_KINDS
    detail["screenshots"] = [] if is_read else _screenshots_of(of_title)
    for details_of in _declared_details():
        detail |= details_of(detail["id"])
    return detail


@lru_cache(maxsize=1)
def _declared_details() -> tuple[Callable[[int], dict[str, Any]], ...]:
    """Return what apps above know of a title: `DETAILS_OF` in `<app>/title_details.py`."""
    return tuple(declared("title_details", "DETAILS_OF"))


@lru_cache(maxsize=2)
def _words_of_title(name: str) -> CompiledQuery:
    model = Category if name == "genres" else Tag
    return compile_rows(model.objects.filter(title=_TITLE).order_by("slug"), ("slug", "name"))


@lru_cache(maxsize=1)
def _languages() -> CompiledQuery:
    languages = TitleLanguage.objects.filter(title=_TITLE)
    return compile_rows(languages.order_by(*_MOST_CHAPTERS_FIRST), ("language", "chapter_count"))


@lru_cache(maxsize=1)
def _aliases() -> CompiledQuery:
    # By the names of the content type: its id differs after a test and between databases.
    aliases = Alias.objects.filter(
        content_type__app_label="catalog", content_type__model="title", object_id=_TITLE
    )
    return compile_rows(aliases.order_by("pk"), ("name", "language"))


@lru_cache(maxsize=1)
def _credits() -> CompiledQuery:
    credits_of_title = Credit.objects.filter(title=_TITLE).order_by("position", "pk")
    columns = ("role", "part", "person__id", "person__name", "person__slug")
    return compile_rows(credits_of_title, columns)


def _screenshots_of(of_title: Mapping[Placeholder, Any]) -> list[dict[str, Any]]:
    media = settings.MEDIA_URL
    return [
        {
            "id": pk,
            "url": media + original,
            "small_url": media + small if small else None,
            "width": width,
            "height": height,
            "color": color,
        }
        for pk, original, small, width, height, color in _screenshots().rows(of_title)
    ]


@lru_cache(maxsize=1)
def _screenshots() -> CompiledQuery:
    screenshots = Screenshot.objects.filter(title=_TITLE).order_by("position", "pk")
    columns = ("pk", "original__name", "small__name", "width", "height", "color")
    return compile_rows(screenshots, columns)


@lru_cache(maxsize=256)
def _public_by_id(model: type[Title], count: int) -> CompiledQuery:
    return compile_titles(model.objects.all().public().filter(pk__in=_TITLES.times(count)))


def public_title_rows(model: type[Title], ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the list rows of the public titles among `ids`, in the order of `ids`."""
    found = _public_by_id(model, len(ids)).rows({_TITLES: ids})
    return in_order(rows_of_titles(found), ids)


def in_order(rows: Iterable[dict[str, Any]], ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the rows in the order of `ids`; ids without a row are left out."""
    by_id = {row["id"]: row for row in rows}
    return [by_id[pk] for pk in ids if pk in by_id]
