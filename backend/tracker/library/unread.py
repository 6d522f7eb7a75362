"""How many places of a title a user has not read, and which chapter comes next.

A place is a chapter number, within its volume where the numbers begin anew: it is read once a
chapter of it is finished in any language. Counts are made anew each time, never counted on.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from reader.models import Chapter, ReadingState
from tracker.models import NOTHING_UNREAD, LibraryItem

Place = tuple[int, bool, Decimal, str]
UNREAD_COLUMNS = ("unread_count", "last_unread_at", "next_chapter_id")


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

    def __init__(self, title_id: int) -> None:
        self.title_id = title_id
        self.rows = {row.pk: row for row in _chapters(title_id)}
        public = [row for row in self.rows.values() if row.published_at is not None]
        self.public_at = _public_places(public)
        # One-shots come behind the numbered chapters of their volume.
        self.order = sorted(self.public_at)
        self.first_at = {
            place: min(row.published_at for row in rows if row.published_at is not None)
            for place, rows in self.public_at.items()
        }

    def unread(self, states: Sequence[StateRow], languages: Sequence[str]) -> Unread:
        """Return what is left for somebody with these reading states and languages."""
        known = [state for state in states if state.chapter_id in self.rows]
        finished = {
            self.rows[state.chapter_id].place for state in known if state.finished_at is not None
        }
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
            fit = [r for r in self.public_at[place] if not languages or r.language in languages]
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


def _public_places(rows: Iterable[ChapterRow]) -> dict[Place, list[ChapterRow]]:
    places: defaultdict[Place, list[ChapterRow]] = defaultdict(list)
    for row in rows:
        places[row.place].append(row)
    return dict(places)


def _chapters(title_id: int) -> Iterable[ChapterRow]:
    of_title = Chapter.objects.filter(series=title_id)
    public = set(of_title.public().values_list("pk", flat=True))
    for row in of_title.values(
        "pk", "place_volume", "number", "place_title", "volume__number", "language", "group_id",
        "published_at", "created_at",
    ):  # fmt: skip
        number = row["number"]
        yield ChapterRow(
            row["pk"],
            (row["place_volume"], number is None, number or Decimal(0), row["place_title"]),
            row["volume__number"],
            row["language"],
            row["group_id"],
            (row["published_at"] or row["created_at"]) if row["pk"] in public else None,
        )


def states_by_user(title_id: int, user_ids: Collection[int]) -> dict[int, list[StateRow]]:
    """Return the users' reading states of a title, in one query."""
    found: defaultdict[int, list[StateRow]] = defaultdict(list)
    states = ReadingState.objects.filter(series=title_id, user__in=user_ids)
    for user_id, *row in states.values_list(
        "user_id", "chapter_id", "changed_at", "finished_at", "last_finished_at"
    ):
        found[user_id].append(StateRow(*row))
    return found


def recount_items(
    chapters: TitleChapters,
    items: Collection[LibraryItem],
    *,
    languages: Mapping[int, Sequence[str]],
    states: Mapping[int, Sequence[StateRow]],
) -> list[LibraryItem]:
    """Set what is left to read on items of one title, without saving; return those that changed."""
    changed = []
    for item in items:
        unread = chapters.unread(states.get(item.user_id, ()), languages[item.user_id])
        now: tuple[Any, ...] = (unread.count, unread.last_at, unread.next_chapter)
        if now != tuple(getattr(item, column) for column in UNREAD_COLUMNS):
            item.unread_count, item.last_unread_at, item.next_chapter_id = now
            changed.append(item)
    return changed


def recount_unread(item: LibraryItem) -> None:
    """Count what is left to read of one item, and save it; the caller counts the item itself."""
    if not item.title.chapter_count:
        return
    changed = recount_items(
        TitleChapters(item.title_id), [item],
        languages={item.user_id: item.user.reading_languages},
        states=states_by_user(item.title_id, [item.user_id]),
    )  # fmt: skip
    if changed:
        item.save(update_fields=["unread_count", "last_unread_at", "next_chapter"])
