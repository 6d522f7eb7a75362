"""Finds the series that a user can continue, from an index: it reads one place of each series."""

from collections.abc import Collection
from functools import lru_cache
from itertools import repeat
from typing import Any

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from catalog.models import Title
from common.compiled_rows import CompiledQuery, Placeholder, as_utc, compile_rows
from reader.models import Chapter, ChapterQuerySet, ReadingState
from reader.reading.chapter_rows import (
    LINK_COLUMNS,
    SERIES_COLUMNS,
    SERIES_COVER_COLUMNS,
    chapter_links,
)

# So many series that were read last are looked at; those without public chapters are left out.
_SERIES_LOOKED_AT = 40
_MAX_PLACES = 20
_READER, _STATES, _CHAPTERS = Placeholder("reader"), Placeholder("states"), Placeholder("chapters")
_NO_ROW = 0
_COLUMNS = (
    *("page", "offset", "finished_at", "changed_at", "chapter__page_count"),
    *(f"chapter__{column}" for column in LINK_COLUMNS),
    "next_id",
    *SERIES_COLUMNS,
    *SERIES_COVER_COLUMNS,
)


def recent_places(user_id: int) -> list[dict[str, Any]]:
    """Return the newest place in each of the series read last, in three queries.

    Each has the columns of its chapter and of its series, and as `next_chapter` the link to the
    chapter that comes after, or None.
    """
    newest = [pk for (pk,) in _newest_of_series().rows({_READER: user_id}) if pk is not None]
    rows = [
        {name.removeprefix("chapter__"): value for name, value in zip(_COLUMNS, row, strict=True)}
        for row in _places().page(0, _MAX_PLACES, {_STATES: _filled(newest, _SERIES_LOOKED_AT)})
    ]
    links = _links({row["next_id"] for row in rows} - {None})
    for row in rows:
        row["finished_at"] = as_utc(row["finished_at"])
        row["changed_at"] = as_utc(row["changed_at"])
        row["next_chapter"] = links.get(row.pop("next_id"))
    return rows


def _filled(ids: Collection[int], count: int) -> list[int]:
    """Return `count` ids: the given ones, then as many as needed that no row has."""
    return [*ids, *repeat(_NO_ROW, count - len(ids))]


def _links(ids: Collection[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    found = chapter_links(_following().rows({_CHAPTERS: _filled(ids, _MAX_PLACES)}))
    return {link["id"]: link for link in found}


@lru_cache(maxsize=1)
def _following() -> CompiledQuery:
    return compile_rows(Chapter.objects.filter(pk__in=_CHAPTERS.times(_MAX_PLACES)), LINK_COLUMNS)


# A loose index scan: it goes from one series to the next without the rows between them. GROUP BY
# would read an index entry for every chapter that the user ever read.
_READ_LAST = """
    WITH RECURSIVE read_series (id) AS (
        SELECT MIN(series_id) FROM reader_readingstate WHERE user_id = %s
        UNION ALL
        SELECT (
            SELECT MIN(series_id) FROM reader_readingstate
            WHERE user_id = %s AND series_id > read_series.id
        )
        FROM read_series WHERE read_series.id IS NOT NULL
    )
    SELECT found.id FROM (
        SELECT read_series.id, (
            SELECT MAX(changed_at) FROM reader_readingstate
            WHERE user_id = %s AND series_id = read_series.id
        ) AS last_at
        FROM read_series WHERE read_series.id IS NOT NULL
    ) AS found ORDER BY found.last_at DESC LIMIT %s
"""


@lru_cache(maxsize=1)
def _newest_of_series() -> CompiledQuery:
    """Compile the newest reading state of each of the series that were read last."""
    mine = ReadingState.objects.filter(user=_READER)
    read_last = RawSQL(_READ_LAST, [_READER, _READER, _READER, _SERIES_LOOKED_AT])  # noqa: S611
    newest = mine.filter(
        Exists(Chapter.objects.public().filter(pk=OuterRef("chapter"))),
        # Chapters that were marked unread are left out: there is nothing to continue.
        Q(page__gt=0) | Q(finished_at__isnull=False),
        series=OuterRef("pk"),
    ).order_by("-changed_at", "-pk")
    # Without this all states of a series that is not public would be read.
    is_public = Exists(Title.objects.public().filter(pk=OuterRef("pk")))
    series = Title.objects.filter(pk__in=read_last)
    return compile_rows(
        series.annotate(newest=Case(When(is_public, then=Subquery(newest.values("pk")[:1])))),
        ["newest"],
    )


@lru_cache(maxsize=1)
def _places() -> CompiledQuery:
    # One-shots come before all numbers, and so before all volumes.
    volume = Case(
        When(chapter__number__isnull=True, then=Value(-1)),
        default=F("chapter__place_volume"),
        output_field=IntegerField(),
    )
    places = (
        ReadingState.objects.filter(pk__in=_STATES.times(_SERIES_LOOKED_AT))
        .annotate(volume=volume)
        .annotate(next_number=_next_number(), next_volume=_next_volume())
        .annotate(next_volume_number=_next_volume_number())
        .annotate(next_id=_next_chapter())
    )
    return compile_rows(places.order_by("-changed_at", "-pk"), _COLUMNS)


def _others() -> ChapterQuerySet:
    return Chapter.objects.public().filter(
        series=OuterRef("series"), language=OuterRef("chapter__language")
    )


def _next_number() -> Subquery:
    following = _others().filter(
        place_volume=OuterRef("volume"), number__gt=OuterRef("chapter__number")
    )
    return Subquery(following.order_by("number").values("number")[:1])


def _next_volume() -> Subquery:
    following = _others().filter(number__isnull=False, place_volume__gt=OuterRef("volume"))
    return Subquery(following.order_by("place_volume").values("place_volume")[:1])


def _next_volume_number() -> Subquery:
    there = _others().filter(number__isnull=False, place_volume=OuterRef("next_volume"))
    return Subquery(there.order_by("number").values("number")[:1])


def _next_chapter() -> Coalesce:
    """Return the next chapter of the list in the same language, if possible of the same group.

    Where numbers begin anew in each volume, the next volume comes after the last number.
    """
    one_shots = _others().filter(number__isnull=True, pk__gt=OuterRef("chapter"))
    in_volume = _others().filter(place_volume=OuterRef("volume"), number=OuterRef("next_number"))
    in_next_volume = _others().filter(
        place_volume=OuterRef("next_volume"), number=OuterRef("next_volume_number")
    )
    return Coalesce(
        Case(When(chapter__number__isnull=True, then=_first(one_shots))),
        _first(_of_group(in_volume)),
        _first(in_volume),
        _first(_of_group(in_next_volume)),
        _first(in_next_volume),
    )


def _of_group(versions: ChapterQuerySet) -> ChapterQuerySet:
    return versions.annotate(group_or_none=Coalesce("group_id", Value(0))).filter(
        group_or_none=Coalesce(OuterRef("chapter__group_id"), Value(0))
    )


def _first(chapters: ChapterQuerySet) -> Subquery:
    return Subquery(chapters.order_by("pk").values("pk")[:1])
