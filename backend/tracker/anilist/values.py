"""What AniList's lists hold, as plain values, and how they and ours are written alike.

What both sides have of a title is compared as `Values`: our fields, as JSON has them, in units that
both know. A movie's progress there is 0 or 1 and ours are its minutes, so it is 0 or 1 in them; a
day of which they know a part only is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from catalog.choices import Kind
from sources.contract import FoundTitle
from tracker.choices import ItemStatus

Values = dict[str, Any]

# The fields that both sides have. Of an entry that one of them lacks, all are as here.
EMPTY: Values = {
    "status": ItemStatus.PLANNING.value, "progress": 0, "progress_volumes": 0, "score": None,
    "notes": "", "private": False, "started_on": None, "finished_on": None, "repeats": 0,
}  # fmt: skip
_DAYS = ("started_on", "finished_on")
_PLAIN = (
    "media_id", "entry_id", "status", "score_raw", "progress", "progress_volumes", "repeat",
    "notes", "is_private", "is_hidden", "started", "completed", "custom_lists",
)  # fmt: skip


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


def values_of_entry(entry: RemoteEntry) -> Values:
    """Return what they have. A status that is new there is taken for the nearest thing: none."""
    is_known = entry.status.lower() in ItemStatus.values
    return {
        "status": entry.status.lower() if is_known else EMPTY["status"],
        "progress": entry.progress,
        "progress_volumes": entry.progress_volumes,
        "score": entry.score_raw or None,
        "notes": entry.notes,
        "private": entry.is_private,
        "started_on": _day(entry.started),
        "finished_on": _day(entry.completed),
        "repeats": entry.repeat,
    }


def values_of_fields(fields: Mapping[str, Any], *, kind: str, minutes: int | None) -> Values:
    """Return what we have: an item's fields by the API's names, and the length of its movie."""
    values = {name: fields[name] for name in EMPTY}
    for name in _DAYS:
        day = values[name]
        values[name] = day.isoformat() if isinstance(day, date) else day
    values["status"] = str(values["status"])
    # AniList knows no score of 0: it is none.
    values["score"] = values["score"] or None
    if kind == Kind.MOVIE:
        is_seen = values["status"] == ItemStatus.COMPLETED and values["progress"] > 0
        has_ended = values["progress"] >= (minutes or 1)
        values["progress"] = int(is_seen or has_ended)
    return values


def fields_of_values(values: Mapping[str, Any], *, kind: str, minutes: int | None) -> Values:
    """Return values, or some of them, as an item has them."""
    fields = dict(values)
    for name in _DAYS:
        if fields.get(name) is not None:
            fields[name] = date.fromisoformat(fields[name])
    if kind == Kind.MOVIE and fields.get("progress"):
        fields["progress"] = minutes or 1
    return fields


def entry_values(values: Mapping[str, Any], *, agreed: Mapping[str, Any]) -> EntryValues:
    """Return what is written there so that they have these values, or those that are given.

    A day that both sides lack is not named: they may know a part of it.
    """
    days = {
        name: _fuzzy(values[name])
        for name in _DAYS
        if name in values and (values[name] is not None or agreed.get(name) is not None)
    }
    return EntryValues(
        status=None if values.get("status") is None else str(values["status"]).upper(),
        score_raw=(values["score"] or 0) if "score" in values else None,
        progress=values.get("progress"),
        progress_volumes=values.get("progress_volumes"),
        repeat=values.get("repeats"),
        notes=values.get("notes"),
        is_private=values.get("private"),
        started=days.get("started_on"),
        completed=days.get("finished_on"),
    )


def plain_entry(entry: RemoteEntry) -> dict[str, Any]:
    """Return an entry as JSON has it, without its title; `entry_of` reads it."""
    plain = {name: getattr(entry, name) for name in _PLAIN}
    for name in ("started", "completed"):
        plain[name] = [plain[name].year, plain[name].month, plain[name].day]
    updated_at = entry.updated_at
    return {**plain, "updated_at": None if updated_at is None else updated_at.isoformat()}


def entry_of(plain: Mapping[str, Any], title: FoundTitle | None) -> RemoteEntry:
    """Return the entry that `plain_entry` has written, with its title."""
    said = {name: plain[name] for name in _PLAIN}
    for name in ("started", "completed"):
        said[name] = FuzzyDate(*plain[name])
    said["custom_lists"] = tuple(plain["custom_lists"])
    updated_at = plain["updated_at"]
    moment = None if updated_at is None else datetime.fromisoformat(updated_at)
    return RemoteEntry(**said, updated_at=moment, title=title)


def _day(day: FuzzyDate) -> str | None:
    whole = day.whole()
    return None if whole is None else whole.isoformat()


def _fuzzy(text: str | None) -> FuzzyDate:
    if text is None:
        return FuzzyDate()
    day = date.fromisoformat(text)
    return FuzzyDate(day.year, day.month, day.day)
