"""Titles as the API tells them, built from `.values()` rows without an object a row."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType

from catalog.choices import Kind, reading_direction
from catalog.models import Alias, Category, Title, TitleQuerySet
from common.compiled_rows import CompiledQuery, as_utc, compile_rows
from common.media import media_url

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
_USUAL_DIRECTIONS = {kind.value: reading_direction(kind, "") for kind in Kind}
_DETAIL_COLUMNS = (
    "synopsis",
    "length",
    "duration_minutes",
    "trailers",
    "screenshots",
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
    """Take the cover's columns out of a row; `prefix` is the way to the title."""
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
    """Return what stands for a title in an address."""
    return slug or f"p-{pk}"


def title_rows(titles: TitleQuerySet) -> list[dict[str, Any]]:
    """Return list rows in the queryset's order, in two queries whatever their number."""
    return rows_of_titles(compile_titles(titles).rows())


def compile_titles(titles: TitleQuerySet) -> CompiledQuery:
    """Compile a list of titles; `rows_of_titles` shapes what it gives."""
    return compile_rows(titles, _ROW_COLUMNS)


def rows_of_titles(found: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Shape what a compiled list of titles gave."""
    genres = _genres_of([row[0] for row in found])
    media = settings.MEDIA_URL
    return [_list_row(row, genres.get(row[0], []), media) for row in found]


def _list_row(row: Sequence[Any], genres: list[str], media: str) -> dict[str, Any]:
    (
        pk, slug, kind, name, original_name, status, rating, year, language, direction,
        chapter_count, last_chapter_at, created_at, original, small, large, width, height, color,
    ) = row  # fmt: skip
    return {
        "id": pk,
        "slug": slug or path_slug(pk, slug),
        "kind": kind,
        "name": name,
        "original_name": original_name,
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
    }  # fmt: skip


def _with_shape(row: dict[str, Any], genres: list[str]) -> dict[str, Any]:
    row["slug"] = path_slug(row["id"], row["slug"])
    row["cover"] = cover_of(row)
    row["reading_direction"] = reading_direction(row["kind"], row.pop("direction"))
    row["genres"] = genres
    return row


@lru_cache(maxsize=128)
def _genre_links(count: int) -> CompiledQuery:
    # Stand-ins below every id, all different since the compiler keeps equal ones once.
    links = Category.title_set.through.objects.filter(title__in=_stand_ins(count))
    return compile_rows(links.order_by("category__slug"), ("title_id", "category__slug"))


def _stand_ins(count: int) -> range:
    return range(-count, 0)


def _genres_of(ids: Sequence[int]) -> dict[int, list[str]]:
    genres: dict[int, list[str]] = {}
    if ids:
        values = dict(zip(_stand_ins(len(ids)), ids, strict=True))
        for title_id, slug in _genre_links(len(ids)).rows(values):
            genres.setdefault(title_id, []).append(slug)
    return genres


def title_detail(titles: TitleQuerySet) -> dict[str, Any] | None:
    """Return the one title of the queryset with everything about it, None where there is none."""
    row = titles.values(*_ROW_COLUMNS, *_DETAIL_COLUMNS).first()
    if row is None:
        return None
    title = Title(pk=row["id"])
    detail = _with_shape(row, [])
    detail["genres"] = list(title.categories.values("slug", "name").order_by("slug"))
    detail["tags"] = list(title.tags.values("slug", "name").order_by("slug"))
    detail["aliases"] = list(
        Alias.objects.filter(
            content_type=ContentType.objects.get_for_model(Title), object_id=title.pk
        )
        .order_by("pk")
        .values("name", "language")
    )
    detail["credits"] = [
        {"role": role, "person": {"id": pk, "name": name, "slug": slug}}
        for role, pk, name, slug in title.credits.order_by("pk").values_list(
            "role", "person__id", "person__name", "person__slug"
        )
    ]
    detail["external_ids"] = {
        "anilist": detail.pop("anilist_id"),
        "mal": detail.pop("mal_id"),
        "mangadex": detail.pop("mangadex_id"),
    }
    return detail


@lru_cache(maxsize=256)
def _public_by_id(model: type[Title], count: int) -> CompiledQuery:
    return compile_titles(model.objects.all().public().filter(pk__in=_stand_ins(count)))


def public_title_rows(model: type[Title], ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return list rows of those of the ids that are public, in the order of `ids`."""
    values = dict(zip(_stand_ins(len(ids)), ids, strict=True))
    return in_order(rows_of_titles(_public_by_id(model, len(ids)).rows(values)), ids)


def in_order(rows: Iterable[dict[str, Any]], ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return rows in the order of `ids`."""
    by_id = {row["id"]: row for row in rows}
    return [by_id[pk] for pk in ids if pk in by_id]
