"""What AniList's lists hold, as plain values."""

from dataclasses import dataclass
from datetime import date, datetime

from sources.contract import FoundTitle


@dataclass(frozen=True, slots=True)
class FuzzyDate:
    """A day of which parts may not be known."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def whole(self) -> date | None:
        """Return the day; None where a part is missing or there is no such day."""
        if self.year is None or self.month is None or self.day is None:
            return None
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """An entry of somebody's list there.

    `status` is in AniList's words, `score_raw` is 0 to 100, and 0 is no score. `title` holds what
    the list says of the title; None where it was not asked for.
    """

    media_id: int
    entry_id: int
    status: str
    score_raw: int = 0
    progress: int = 0
    progress_volumes: int = 0
    repeat: int = 0
    notes: str = ""
    is_private: bool = False
    is_hidden: bool = False
    started: FuzzyDate = FuzzyDate()
    completed: FuzzyDate = FuzzyDate()
    updated_at: datetime | None = None
    custom_lists: tuple[str, ...] = ()
    title: FoundTitle | None = None


@dataclass(frozen=True, slots=True)
class EntryValues:
    """What is to be written into an entry there; None: it stays as it is."""

    status: str | None = None
    score_raw: int | None = None
    progress: int | None = None
    progress_volumes: int | None = None
    repeat: int | None = None
    notes: str | None = None
    is_private: bool | None = None
    started: FuzzyDate | None = None
    completed: FuzzyDate | None = None


@dataclass(frozen=True, slots=True)
class ListChunk:
    """A part of a list; an entry stands in it once, whatever custom lists it is in."""

    entries: tuple[RemoteEntry, ...]
    has_next: bool


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who a token belongs to."""

    anilist_id: int
    name: str
    score_format: str
