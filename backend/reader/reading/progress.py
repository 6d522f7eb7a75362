"""The progress of readers: each page turn is saved; devices may send them late and in any order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.utils import timezone

from accounts.auth.authority import acting
from accounts.models import User
from common.compiled_rows import CompiledQuery, Placeholder, as_utc, compile_rows
from common.work.events import emit_all
from reader.models import Chapter, ReadingState
from reader.reading.chapter_rows import chapter_link, series_of
from reader.reading.continue_reading import recent_places
from reader.reading.popularity import count_reads, titles_opened_on

_READER, _SERIES = Placeholder("reader"), Placeholder("series")
_CLOCK_SKEW = timedelta(minutes=5)
_MERGED = (
    *("series_id", "page", "offset"),
    *("finished_at", "last_finished_at", "forgotten_at", "changed_at"),
)


@dataclass(frozen=True)
class Progress:
    """A page turn.

    `page` counts from 1, `offset` is a fraction of that page's height in a strip, and `changed_at`
    is the time on the reader's clock. With `is_unread` the reader marks the chapter unread: all
    progress until `changed_at` is forgotten.
    """

    page: int
    is_finished: bool
    changed_at: datetime
    offset: float = 0.0
    is_unread: bool = False


def save_progress(chapter: Chapter, *, user: User, progress: Progress) -> ReadingState:
    """Merge one page turn into the saved state, and return the state; raises as `acting`."""
    [state] = save_progress_rows([(chapter, progress)], user=user)
    return state


def save_progress_rows(
    turns: Sequence[tuple[Chapter, Progress]], *, user: User
) -> list[ReadingState]:
    """Merge many page turns, also several of one chapter; return the new state for each turn.

    The states are the same in whatever order and however often turns arrive. Raises as `acting`.
    """
    # Later times are cut to this: otherwise a phone whose clock is ahead would always win.
    latest = timezone.now() + _CLOCK_SKEW
    with acting(user):  # this locks the user's row, so that their devices take turns
        chapters = {chapter.pk for chapter, _progress in turns}
        known = ReadingState.objects.filter(user=user, chapter__in=chapters)
        states = {state.chapter_id: state for state in known}
        before = {pk: _merged_columns(state) for pk, state in states.items()}
        told = {pk: _told_columns(state) for pk, state in states.items()}
        for chapter, progress in turns:
            state = states.get(chapter.pk)
            if state is None:
                state = states[chapter.pk] = ReadingState(user=user, chapter=chapter)
            state.series_id = chapter.series_id
            merge_turn(state, progress, changed_at=min(progress.changed_at, latest))
        new = [state for state in states.values() if state.pk is None]
        changed = [
            states[pk] for pk, columns in before.items() if columns != _merged_columns(states[pk])
        ]
        today = timezone.now().date()
        titles = _open_chapters(new, today, user=user)
        ReadingState.objects.bulk_create(new)
        ReadingState.objects.bulk_update(changed, _MERGED)
        tell_progress(
            (state for pk, state in states.items() if told.get(pk) != _told_columns(state)),
            user=user,
        )
        # Counted last, as it locks rows that all readers of a title share.
        count_reads(titles, day=today)
    return [states[chapter.pk] for chapter, _progress in turns]


def tell_progress(states: Iterable[ReadingState], *, user: User) -> None:
    """Write the event that reading states of `user` have changed, one event for each series."""
    chapters: defaultdict[int, list[int]] = defaultdict(list)
    for state in states:
        chapters[state.series_id].append(state.chapter_id)
    emit_all(
        "progress_saved",
        (
            {"user_id": user.pk, "title_id": title, "chapter_ids": sorted(ids)}
            for title, ids in chapters.items()
        ),
    )


def _open_chapters(new: Sequence[ReadingState], day: date, *, user: User) -> set[int]:
    """Note the day on newly opened chapters; return the titles that count a reader for it.

    These are the titles of which no other chapter was first opened on that day.
    """
    opened = [state for state in new if state.page or state.finished_at]
    for state in opened:
        state.opened_on = day
    titles = {state.series_id for state in opened}
    return titles - titles_opened_on(day, user=user) if titles else titles


def _merged_columns(state: ReadingState) -> tuple[Any, ...]:
    return tuple(getattr(state, column) for column in _MERGED)


def _told_columns(state: ReadingState) -> tuple[Any, ...]:
    """Return what others follow: a chapter is opened, finished or marked unread.

    The page is not among it, as it changes with each turn.
    """
    return state.page > 0, state.finished_at, state.last_finished_at, state.forgotten_at


def merge_turn(state: ReadingState, progress: Progress, *, changed_at: datetime) -> None:
    """Keep the newer place and the earlier finish; an unread mark forgets all older turns.

    Each column is the greatest or the least value of all turns, so their order does not matter.
    """
    forgotten_at = state.forgotten_at
    if progress.is_unread:
        if forgotten_at is None or forgotten_at < changed_at:
            _forget(state, changed_at)
        return
    if forgotten_at is not None and changed_at <= forgotten_at:
        return
    place = (changed_at, progress.page, progress.offset)
    # Of two turns at the same moment the further place counts.
    if state.changed_at is None or (state.changed_at, state.page, state.offset) < place:
        state.changed_at, state.page, state.offset = place
    if progress.is_finished:
        state.finished_at = min(state.finished_at or changed_at, changed_at)
        state.last_finished_at = max(state.last_finished_at or changed_at, changed_at)


def join_state(state: ReadingState, other: ReadingState) -> None:
    """Have a state say what both do, as if all turns of the other one had been turns of it."""
    places = [(one.changed_at, one.page, one.offset) for one in (state, other)]
    state.changed_at, state.page, state.offset = max(places)
    for name, choose in (("finished_at", min), ("last_finished_at", max), ("forgotten_at", max)):
        known = [getattr(one, name) for one in (state, other) if getattr(one, name) is not None]
        setattr(state, name, choose(known, default=None))
    if state.forgotten_at is not None:
        _forget(state, state.forgotten_at)


def _forget(state: ReadingState, until: datetime) -> None:
    state.forgotten_at = until
    if state.changed_at is None or state.changed_at <= until:
        state.changed_at, state.page, state.offset = until, 0, 0.0
    if state.last_finished_at is not None and state.last_finished_at <= until:
        state.finished_at = state.last_finished_at = None
    elif state.finished_at is not None and state.finished_at <= until:
        state.finished_at = state.last_finished_at


def place_in(page_count: int, page: int, offset: float) -> tuple[int, float]:
    """Return page and offset in a version with `page_count` pages; the last page at most."""
    last = max(page_count, 1)
    return (page, offset) if page <= last else (last, 0.0)


def marks_of_series(user_id: int, series_id: int) -> list[dict[str, Any]]:
    """Return the user's places in all chapters of a series, the last one first."""
    marks = []
    for chapter, *place, finished_at, changed_at in _marks().rows(
        {_READER: user_id, _SERIES: series_id}
    ):
        page, offset = place_in(*place)
        moments = {"finished_at": as_utc(finished_at), "changed_at": as_utc(changed_at)}
        marks.append({"chapter": chapter, "page": page, "offset": offset, **moments})
    return marks


@lru_cache(maxsize=1)
def _marks() -> CompiledQuery:
    states = ReadingState.objects.filter(user=_READER, series=_SERIES).order_by("-changed_at")
    columns = ("chapter_id", "chapter__page_count", "page", "offset", "finished_at", "changed_at")
    return compile_rows(states, columns)


def recent_reading(user: User) -> list[dict[str, Any]]:
    """Return the newest place in each of the series read last, with the next chapter."""
    return [_reading_row(row) for row in recent_places(user.pk)]


def _reading_row(row: dict[str, Any]) -> dict[str, Any]:
    page, offset = place_in(row["page_count"], row["page"], row["offset"])
    return {
        "series": series_of(row, with_cover=True),
        "chapter": {**chapter_link(row), "page_count": row["page_count"]},
        "page": page,
        "offset": offset,
        "finished_at": row["finished_at"],
        "changed_at": row["changed_at"],
        "next_chapter": row["next_chapter"],
    }
