"""How many places of a title a user has not read, and which chapter comes next.

A place is a chapter number, within its volume where the numbers begin anew: it is read once a
chapter of it is finished in any language. Counts are made anew each time, never counted on.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from reader.models import Chapter, ReadingState
from tracker.models import NOTHING_UNREAD, LibraryItem


class Place(NamedTuple):
    """What counts as one chapter, whatever its language; sorted as one reads."""

    volume: int
    is_one_shot: bool
    key: Decimal
    title: str

    @property
    def number(self) -> Decimal | None:
        """The number of the chapter; None for a one-shot."""
        return None if self.is_one_shot else self.key


UNREAD_COLUMNS = ("unread_count", "last_unread_at", "next_chapter")


class ChapterRow(NamedTuple):
    """What counts of a chapter here."""

    pk: int
    place: Place
    volume: int | None
    language: str
    group_id: int | None
    published_at: datetime | None  # null: it is not public


class StateRow(NamedTuple):
    """What counts of a reading state here."""

    chapter_id: int
    changed_at: datetime
    finished_at: datetime | None
    last_finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unread:
    """What is left to read of a title."""

    count: int = 0
    last_at: datetime = NOTHING_UNREAD
    next_chapter: int | None = None


class TitleChapters:
    """The chapters of a title, read once for all who hold it."""

    def __init__(self, rows: Iterable[ChapterRow]) -> None:
        self.rows = {row.pk: row for row in rows}
        self.public: defaultdict[Place, list[ChapterRow]] = defaultdict(list)
        for row in self.rows.values():
            if row.published_at is not None:
                self.public[row.place].append(row)
        # One-shots come behind the numbered chapters of their volume.
        self.order = sorted(self.public)
        self.first_at = {
            place: min(row.published_at for row in rows if row.published_at is not None)
            for place, rows in self.public.items()
        }

    def finished(self, states: Iterable[StateRow], *, since: datetime | None = None) -> set[Place]:
        """Return the places that are finished by these states, or finished again after `since`."""
        return {
            self.rows[state.chapter_id].place
            for state in states
            if state.chapter_id in self.rows
            and state.finished_at is not None
            and (since is None or (state.last_finished_at or state.finished_at) >= since)
        }

    def unread(self, states: Sequence[StateRow], languages: Sequence[str]) -> Unread:
        """Return what is left for somebody with these reading states and languages."""
        known = [state for state in states if state.chapter_id in self.rows]
        finished = self.finished(known)
        left = [place for place in self.order if place not in finished]
        if not left:
            return Unread()
        last = max(known, key=lambda state: state.changed_at, default=None)
        last_row = self.rows[last.chapter_id] if last else None
        return Unread(
            len(left),
            max(self.first_at[place] for place in left),
            self._next(left, languages, last_row),
        )

    def _next(
        self, left: Iterable[Place], languages: Sequence[str], last: ChapterRow | None
    ) -> int | None:
        """Return the first unread chapter in the user's languages, as they have read last."""
        for place in left:
            fit = [r for r in self.public[place] if not languages or r.language in languages]
            if fit:
                return min(fit, key=lambda row: _distance(row, languages, last)).pk
        return None


def _distance(
    row: ChapterRow, languages: Sequence[str], last: ChapterRow | None
) -> tuple[bool, bool, int, int]:
    return (
        last is not None and row.language != last.language,
        last is not None and row.group_id != last.group_id,
        languages.index(row.language) if languages else 0,
        row.pk,
    )


def chapters_of(title_ids: Collection[int]) -> dict[int, TitleChapters]:
    """Return the chapters of each of the titles, in two queries."""
    rows: defaultdict[int, list[ChapterRow]] = defaultdict(list)
    of_titles = Chapter.objects.filter(series__in=title_ids)
    public = set(of_titles.public().values_list("pk", flat=True))
    for row in of_titles.values(
        "pk", "series_id", "place_volume", "number", "place_title", "volume__number", "language",
        "group_id", "published_at", "created_at",
    ):  # fmt: skip
        number = row["number"]
        rows[row["series_id"]].append(
            ChapterRow(
                row["pk"],
                Place(
                    row["place_volume"], number is None, number or Decimal(0), row["place_title"]
                ),
                row["volume__number"],
                row["language"],
                row["group_id"],
                (row["published_at"] or row["created_at"]) if row["pk"] in public else None,
            )
        )
    return {title_id: TitleChapters(rows[title_id]) for title_id in title_ids}


Owner = tuple[int, int]


def states_of(title_ids: Collection[int], user_ids: Collection[int]) -> dict[Owner, list[StateRow]]:
    """Return the reading states by (user, title), in one query."""
    found: defaultdict[Owner, list[StateRow]] = defaultdict(list)
    states = ReadingState.objects.filter(series__in=title_ids, user__in=user_ids)
    for (
        user_id,
        title_id,
        chapter_id,
        changed_at,
        finished_at,
        last_finished_at,
    ) in states.values_list(
        "user_id", "series_id", "chapter_id", "changed_at", "finished_at", "last_finished_at"
    ):
        state = StateRow(chapter_id, changed_at, finished_at, last_finished_at)
        found[user_id, title_id].append(state)
    return dict(found)


def set_unread(
    item: LibraryItem,
    chapters: TitleChapters,
    states: Sequence[StateRow],
    languages: Sequence[str],
) -> bool:
    """Set what is left to read on an item, without saving; return True where it is another."""
    unread = chapters.unread(states, languages)
    now = (unread.count, unread.last_at, unread.next_chapter)
    if now == (item.unread_count, item.last_unread_at, item.next_chapter_id):
        return False
    item.unread_count, item.last_unread_at, item.next_chapter_id = now
    return True


def recount_unread(item: LibraryItem, languages: Sequence[str]) -> None:
    """Count what is left to read of one item, and save it; the caller counts the item itself."""
    if not item.title.chapter_count:
        return
    owner = (item.user_id, item.title_id)
    states = states_of([item.title_id], [item.user_id]).get(owner, [])
    if set_unread(item, chapters_of([item.title_id])[item.title_id], states, languages):
        item.save(update_fields=UNREAD_COLUMNS)
