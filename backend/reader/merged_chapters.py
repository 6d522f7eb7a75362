"""What moves of a series that is merged into another one: chapters, with where people are in them.

Of two chapters of one place the live one is kept in the series, the other one stays with the merged
title; of two live ones that of the other series is kept. What was read of the one that stays counts
for the kept one too.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import F

from common.merging import move_rows, point_rows
from common.work.events import emit
from reader.models import NO_VOLUME, Chapter, DailyReads, ReadingState, Volume
from reader.reading.chapters import refresh_counters
from reader.reading.kept_states import columns_of, save_states, set_columns
from reader.reading.progress import join_state

TITLE_COLUMNS = (
    "reader.Volume.series", "reader.Chapter.series", "reader.ReadingState.series",
    "reader.DailyReads.title",
)  # fmt: skip
_AT_ONCE = 500
_PLACE = ("number", "language", "group_id", "place_volume", "place_title")


def merge_chapters(from_id: int, into_id: int) -> dict[str, Any]:
    """Move them, and return what `unmerge_chapters` needs; `lock_places` was called before."""
    pairs = _pairs(from_id, into_id)
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
        "states": [row for some in _pieces(pairs) for row in _carry_states(some, into_id)],
    }  # fmt: skip
    _finish(record)
    return record


def unmerge_chapters(record: dict[str, Any]) -> None:
    """Move back what is still with the other series and whose place is free."""
    from_id, into_id = record["from"], record["into"]
    # A merge of before this was kept has none.
    for rows in _pieces(record.get("states", [])):
        _give_states_back(rows)
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


def readers_of_pairs(from_id: int, into_id: int) -> set[int]:
    """Return the users whose reading states a merge writes."""
    return {
        user_id
        for some in _pieces(_pairs(from_id, into_id))
        for user_id in ReadingState.objects.filter(
            chapter__in=[stays for stays, _kept in some]
        ).values_list("user_id", flat=True)
    }


def _pairs(from_id: int, into_id: int) -> list[tuple[int, int]]:
    """Return the chapters of one place before a merge: the one that stays behind, the kept one."""
    chapters = Chapter.objects.order_by("pk").values_list("pk", "live_upload", *_PLACE)
    theirs = {tuple(place): (pk, live) for pk, live, *place in chapters.filter(series=into_id)}
    pairs = []
    for pk, live, *place in chapters.filter(series=from_id):
        if tuple(place) in theirs:
            other, other_is_live = theirs[tuple(place)]
            pairs.append((other, pk) if live and not other_is_live else (pk, other))
    return pairs


def _carry_states(pairs: Sequence[tuple[int, int]], series_id: int) -> list[list[Any]]:
    """Have what was read of chapters count for others; return [user, chapter, before, after]."""
    kept_chapters = dict(pairs)
    states = {
        (state.user_id, state.chapter_id): state
        for state in ReadingState.objects.filter(chapter__in=kept_chapters.values())
    }
    rows, written = [], []
    for other in ReadingState.objects.filter(chapter__in=kept_chapters).order_by("pk"):
        chapter = kept_chapters[other.chapter_id]
        state, before = states.get((other.user_id, chapter)), None
        if state is None:
            state = ReadingState(
                user_id=other.user_id, series_id=series_id, chapter_id=chapter,
                opened_on=other.opened_on,
            )  # fmt: skip
            set_columns(state, columns_of(other))
        else:
            before = columns_of(state)
            join_state(state, other)
        after = columns_of(state)
        if after != before:
            written.append(state)
            rows.append([other.user_id, chapter, before, after])
    save_states(written)
    return rows


def _give_states_back(rows: Sequence[Sequence[Any]]) -> None:
    """Set back the states that are as a merge left them."""
    found = ReadingState.objects.filter(
        user__in={user for user, *_rest in rows}, chapter__in={chapter for _u, chapter, *_r in rows}
    )
    states = {(state.user_id, state.chapter_id): state for state in found}
    back, gone = [], []
    for user_id, chapter, before, after in rows:
        state = states.get((user_id, chapter))
        if state is None or columns_of(state) != after:
            continue
        if before is None:
            gone.append(state.pk)
        else:
            set_columns(state, before)
            back.append(state)
    ReadingState.objects.filter(pk__in=gone).delete()
    save_states(back)


def _pieces(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]


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
