"""What follows by itself from a change of an item."""

from datetime import date
from decimal import Decimal

import pytest

from tracker.library.progress import Extent, extent_of, progress_from_reading, settle
from tracker.models import LibrarySettings

pytestmark = pytest.mark.same_everywhere

TODAY = date(2026, 3, 1)
NEW = {
    "status": "planning", "progress": 0, "progress_volumes": 0, "max_progress": None, "score": None,
    "started_on": None, "finished_on": None, "repeats": 0,
}  # fmt: skip
READ = NEW | {"status": "completed", "progress": 12, "started_on": TODAY, "finished_on": TODAY}
OF_12, OVER_AT_12 = Extent(12, is_final=False), Extent(12, is_final=True)


@pytest.mark.parametrize(
    ("before", "wanted", "extent", "expected"),
    [
        pytest.param(
            NEW, {"progress": 1}, OVER_AT_12,
            {"status": "current", "progress": 1, "started_on": TODAY}, id="first progress begins",
        ),
        pytest.param(
            NEW, {"progress": 1, "status": "paused"}, OVER_AT_12,
            {"status": "paused", "progress": 1, "started_on": TODAY}, id="a named status stays",
        ),
        pytest.param(
            NEW, {"progress": 12}, OVER_AT_12,
            {"status": "completed", "progress": 12, "started_on": TODAY, "finished_on": TODAY},
            id="the last unit completes",
        ),
        pytest.param(
            NEW, {"progress": 12}, OF_12,
            {"status": "current", "progress": 12, "started_on": TODAY},
            id="not of a running series",
        ),
        pytest.param(
            NEW, {"progress": 40}, OVER_AT_12,
            {"status": "completed", "progress": 12, "started_on": TODAY, "finished_on": TODAY},
            id="nothing lies behind the end",
        ),
        pytest.param(
            NEW, {"progress": 40}, OF_12,
            {"status": "current", "progress": 40, "started_on": TODAY},
            id="a running series may be further",
        ),
        pytest.param(
            NEW, {"max_progress": 3, "progress": 5}, Extent(None, is_final=False),
            {"max_progress": 3, "progress": 3, "status": "completed", "started_on": TODAY,
             "finished_on": TODAY}, id="one's own end counts",
        ),
        pytest.param(
            NEW, {"status": "completed"}, OF_12,
            {"status": "completed", "progress": 12, "started_on": TODAY, "finished_on": TODAY},
            id="completed means all",
        ),
        pytest.param(
            READ, {"status": "repeating"}, OVER_AT_12,
            {"status": "repeating", "progress": 0, "repeats": 1}, id="a repeat begins at zero",
        ),
        pytest.param(
            READ, {"progress": 1}, OVER_AT_12,
            {"status": "repeating", "progress": 1, "repeats": 1}, id="back to the start repeats",
        ),
        pytest.param(READ, {"progress": 11}, OVER_AT_12, {"progress": 11}, id="a slip does not"),
        pytest.param(
            READ | {"status": "repeating", "progress": 11, "repeats": 1}, {"progress": 12},
            OVER_AT_12, {"status": "completed", "progress": 12}, id="a repeat ends, dates stay",
        ),
        pytest.param(NEW, {"score": 80}, OVER_AT_12, {"score": 80}, id="a score changes no more"),
    ],
)  # fmt: skip
def test_what_follows_from_a_change(before, wanted, extent, expected):
    after = settle(
        before, wanted, extent=extent, preferences=LibrarySettings(user_id=1), today=TODAY
    )

    assert {field: value for field, value in after.items() if value != before[field]} == expected


@pytest.mark.parametrize(
    ("preference", "before", "wanted", "expected"),
    [
        ("start_on_progress", NEW, {"progress": 1}, {"progress": 1}),
        ("complete_on_last", READ | {"status": "current", "progress": 11, "finished_on": None},
         {"progress": 12}, {"progress": 12}),
        ("count_repeats", READ, {"progress": 0}, {"progress": 0}),
    ],
)  # fmt: skip
def test_each_of_it_can_be_turned_off(preference, before, wanted, expected):
    preferences = LibrarySettings(user_id=1, **{preference: False})

    after = settle(before, wanted, extent=OVER_AT_12, preferences=preferences, today=TODAY)

    assert {field: value for field, value in after.items() if value != before[field]} == expected


def places(*words: str) -> list[tuple[int | None, Decimal | None]]:
    """Read places such as `2/10.5`, `/3` without a volume, `1/` for a one-shot."""
    found: list[tuple[int | None, Decimal | None]] = []
    for word in words:
        volume, number = word.split("/")
        found.append((int(volume) if volume else None, Decimal(number) if number else None))
    return found


@pytest.mark.parametrize(
    ("finished", "left", "restarts", "expected"),
    [
        ([], ["1/1"], False, (0, 0)),
        (["1/1", "1/2", "2/3.5"], ["2/4"], False, (3, 1)),
        (["1/1", "2/1", "2/2"], ["3/1"], True, (3, 2)),
        (["/10.9", "/"], [], False, (10, 0)),
    ],
)
def test_the_progress_of_who_reads_here(finished, left, restarts, expected):
    assert progress_from_reading(places(*finished), places(*left), restarts=restarts) == expected


def test_a_movie_is_as_long_as_it_lasts():
    assert extent_of("movie", status="ongoing", length=None, minutes=95) == Extent(95, True)
    assert extent_of("anime", status="ongoing", length=12, minutes=24) == Extent(12, False)
    assert extent_of("manga", status="completed", length=None, minutes=None).units is None
