"""What follows by itself from a change of an item; each part is a preference of the user's.

Nothing here asks the database: fields in, fields out, by the API's names.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from catalog.choices import Kind, Status
from tracker.choices import ItemStatus
from tracker.models import LibrarySettings

Fields = dict[str, Any]

_OVER = (Status.COMPLETED, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Extent:
    """How long a title is as far as the catalogue knows; None: it does not know.

    `is_final` says that it will not grow. Only then does its last unit end the title, and is
    progress beyond it a mistake: who follows a running series may know of more than we do.
    """

    units: int | None
    is_final: bool


def extent_of(kind: str, *, status: str, length: int | None, minutes: int | None) -> Extent:
    """Return the extent of a title in the unit of its kind."""
    if kind == Kind.MOVIE:
        return Extent(minutes or None, is_final=True)
    return Extent(length or None, is_final=status in _OVER)


def effective_extent(extent: Extent, own_max: int | None) -> Extent:
    """Return what counts for a user: their own maximum, where they have set one."""
    return extent if own_max is None else Extent(own_max, is_final=True)


def progress_from_reading(
    finished: Collection[tuple[int | None, Decimal | None]],
    unfinished: Collection[tuple[int | None, Decimal | None]],
    *,
    restarts: bool,
) -> tuple[int, int]:
    """Return the progress, in chapters and in volumes, of who has finished these places.

    Places are (volume, number); `unfinished` are the others that can be read. It is the greatest
    whole number finished; where numbers begin anew in each volume, how many are finished. A volume
    counts once nothing of it is left.
    """
    numbers = [number for _volume, number in finished if number is not None]
    progress = len(numbers) if restarts else int(max(numbers, default=0))
    left = {volume for volume, _number in unfinished}
    volumes = {volume for volume, _number in finished if volume is not None}
    return progress, max(volumes - left, default=0)


def settle(
    before: Mapping[str, Any],
    wanted: Mapping[str, Any],
    *,
    extent: Extent,
    preferences: LibrarySettings,
    today: date,
) -> Fields:
    """Return an item's fields after the user wanted some of them changed.

    What they name they get, but no progress beyond the end of the title.
    """
    after = {**before, **wanted}
    extent = effective_extent(extent, after["max_progress"])
    if "status" in wanted:
        _follow_status(before, wanted, after, extent, preferences)
    if extent.is_final and extent.units is not None:
        after["progress"] = min(after["progress"], extent.units)
    if "status" not in wanted:
        _follow_progress(before, wanted, after, extent, preferences)
    _set_dates(before, wanted, after, preferences, today)
    return after


def _follow_status(
    before: Mapping[str, Any],
    wanted: Mapping[str, Any],
    after: Fields,
    extent: Extent,
    preferences: LibrarySettings,
) -> None:
    if after["status"] == before["status"] or "progress" in wanted:
        starts_over = False
    else:
        starts_over = after["status"] == ItemStatus.REPEATING
        ends = after["status"] == ItemStatus.COMPLETED and preferences.complete_on_last
        if ends and extent.units is not None:
            after["progress"] = max(after["progress"], extent.units)
    if after["status"] == ItemStatus.REPEATING and before["status"] == ItemStatus.COMPLETED:
        _count_repeat(wanted, after, preferences)
        if starts_over:
            after["progress"] = 0


def _follow_progress(
    before: Mapping[str, Any],
    wanted: Mapping[str, Any],
    after: Fields,
    extent: Extent,
    preferences: LibrarySettings,
) -> None:
    has_moved = (
        after["progress"] > before["progress"]
        or after["progress_volumes"] > before["progress_volumes"]
    )
    if has_moved and preferences.start_on_progress and after["status"] == ItemStatus.PLANNING:
        after["status"] = ItemStatus.CURRENT.value
    # One step back mends a slip; back to the beginning is a new start.
    goes_back_to_start = after["progress"] <= 1 and before["progress"] - after["progress"] > 1
    if (
        goes_back_to_start
        and preferences.count_repeats
        and before["status"] == ItemStatus.COMPLETED
    ):
        after["status"] = ItemStatus.REPEATING.value
        _count_repeat(wanted, after, preferences)
    is_at_end = extent.is_final and extent.units and after["progress"] >= extent.units
    if is_at_end and has_moved and preferences.complete_on_last:
        after["status"] = ItemStatus.COMPLETED.value


def _count_repeat(wanted: Mapping[str, Any], after: Fields, preferences: LibrarySettings) -> None:
    if preferences.count_repeats and "repeats" not in wanted:
        after["repeats"] += 1


def _set_dates(
    before: Mapping[str, Any],
    wanted: Mapping[str, Any],
    after: Fields,
    preferences: LibrarySettings,
    today: date,
) -> None:
    is_new = after["status"] != before["status"]
    begins = (is_new and after["status"] == ItemStatus.CURRENT) or (
        after["progress"] > before["progress"] == 0
    )
    ends = is_new and after["status"] == ItemStatus.COMPLETED
    for field, has_come, preference in (
        ("started_on", begins, preferences.start_on_progress),
        ("finished_on", ends, preferences.complete_on_last),
    ):
        if has_come and preference and field not in wanted and before[field] is None:
            after[field] = today
