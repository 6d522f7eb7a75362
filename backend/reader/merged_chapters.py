"""What moves of a series that is merged into another one: chapters, with where people are in them.

Of two chapters of one place the live one is kept in the series, the other one stays with the merged
title; of two live ones that of the other series is kept.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import F

from common.merging import move_rows, point_rows
from common.work.events import emit
from reader.models import NO_VOLUME, Chapter, DailyReads, ReadingState, Volume
from reader.reading.chapters import refresh_counters

TITLE_COLUMNS = (
    "reader.Volume.series", "reader.Chapter.series", "reader.ReadingState.series",
    "reader.DailyReads.title",
)  # fmt: skip
_AT_ONCE = 500
_PLACE = ("number", "language", "group_id", "place_volume", "place_title")


def merge_chapters(from_id: int, into_id: int) -> dict[str, Any]:
    """Move them, and return what `unmerge_chapters` needs; `lock_places` was called before."""
    volumes = move_rows(
        Volume.objects.all(), "series_id", from_id=from_id, into_id=into_id, once_by=["number"]
    )
    aside = _put_aside(from_id, into_id)
    chapters = move_rows(
        Chapter.objects.all(), "series_id", from_id=from_id, into_id=into_id, once_by=_PLACE
    )
    _settle_aside(aside, at_id=from_id)
    record = {
        "from": from_id, "into": into_id, "volumes": volumes, "chapters": chapters,
        "aside": sorted(aside), "of_volume": _take_volumes_along(into_id),
        "reads": move_rows(
            DailyReads.objects.all(), "title_id", from_id=from_id, into_id=into_id, once_by=["day"]
        ),
    }  # fmt: skip
    _finish(record)
    return record


def unmerge_chapters(record: dict[str, Any]) -> None:
    """Move back what is still with the other series and whose place is free."""
    from_id, into_id = record["from"], record["into"]
    point_rows(Volume.objects.filter(series=into_id), "series_id", record["volumes"], at_id=from_id)
    _give_volumes_back(record["of_volume"], into_id)
    asides = Chapter.objects.filter(pk__in=record["aside"], series=from_id)
    aside = dict(asides.values_list("pk", "place_volume"))
    asides.update(place_volume=NO_VOLUME - F("pk"))
    chapters = Chapter.objects.filter(series=into_id)
    point_rows(chapters, "series_id", record["chapters"], at_id=from_id)
    _settle_aside(aside, at_id=into_id)
    point_rows(DailyReads.objects.filter(title=into_id), "title_id", record["reads"], at_id=from_id)
    _finish(record)


def _put_aside(from_id: int, into_id: int) -> dict[int, int]:
    """Free the places of chapters that are not live for live ones; return their `place_volume`."""
    live = Chapter.objects.filter(series=from_id, live_upload__isnull=False)
    wanted = set(live.values_list(*_PLACE))
    waiting = Chapter.objects.filter(series=into_id, live_upload__isnull=True)
    rows = waiting.values_list("pk", *_PLACE)
    aside = {pk: place[3] for pk, *place in rows if tuple(place) in wanted}
    waiting.filter(pk__in=aside).update(place_volume=NO_VOLUME - F("pk"))
    return aside


def _settle_aside(aside: dict[int, int], *, at_id: int) -> None:
    chapters = list(Chapter.objects.filter(pk__in=aside))
    for chapter in chapters:
        chapter.series_id, chapter.place_volume = at_id, aside[chapter.pk]
    Chapter.objects.bulk_update(chapters, ["series", "place_volume"], batch_size=_AT_ONCE)


def _take_volumes_along(into_id: int) -> list[tuple[int, int]]:
    """Give moved chapters the other series' volume of the same number; return what they had."""
    moved = Chapter.objects.filter(series=into_id, volume__isnull=False)
    strays = list(moved.exclude(volume__series=into_id).select_related("volume"))
    theirs = dict(Volume.objects.filter(series=into_id).values_list("number", "pk"))
    had = []
    for chapter in strays:
        if chapter.volume is not None:
            had.append((chapter.pk, chapter.volume.pk))
            chapter.volume_id = theirs[chapter.volume.number]
    Chapter.objects.bulk_update(strays, ["volume"], batch_size=_AT_ONCE)
    return had


def _give_volumes_back(had: Iterable[tuple[int, int]], into_id: int) -> None:
    volumes = dict(had)
    chapters = list(Chapter.objects.filter(series=into_id, pk__in=volumes))
    for chapter in chapters:
        chapter.volume_id = volumes[chapter.pk]
    Chapter.objects.bulk_update(chapters, ["volume"], batch_size=_AT_ONCE)


def _finish(record: dict[str, Any]) -> None:
    ids = [*record["chapters"], *record["aside"]]
    for series in (record["from"], record["into"]):
        states = ReadingState.objects.filter(chapter__in=ids, chapter__series=series)
        states.exclude(series=series).update(series=series)
        refresh_counters(series)
        emit("chapter_hidden", title_id=series, chapter_id=None)
