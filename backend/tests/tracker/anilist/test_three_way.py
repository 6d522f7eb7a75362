"""Two sides that changed the same title, field by field."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.choices import Kind
from tracker.anilist.three_way import Rules, settle_entry
from tracker.anilist.values import (
    EMPTY,
    EntryValues,
    FuzzyDate,
    RemoteEntry,
    entry_values,
    fields_of_values,
    values_of_entry,
    values_of_fields,
)
from tracker.choices import ConflictPolicy, ItemStatus, Kept, KeptWhy

pytestmark = pytest.mark.same_everywhere
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_VALUES = {
    "status": st.sampled_from(ItemStatus.values), "progress": st.integers(0, 3),
    "progress_volumes": st.integers(0, 2), "score": st.sampled_from([None, 1, 55, 100]),
    "notes": st.sampled_from(["", "тыныч", "b"]), "private": st.booleans(),
    "started_on": st.sampled_from([None, "2026-01-01", "2025-12-31"]),
    "finished_on": st.sampled_from([None, "2026-01-01"]), "repeats": st.integers(0, 2),
}  # fmt: skip
_EDIT = st.sampled_from(list(_VALUES)).flatmap(lambda name: _VALUES[name].map(lambda v: (name, v)))
_STEPS = st.lists(
    st.one_of(st.tuples(st.sampled_from(["mine", "theirs"]), _EDIT), st.just(("sync", None))),
    max_size=14,
)


class Sides:
    """Both sides of a title, with a clock that moves on with each edit."""

    def __init__(self, rules=None):
        self.mine, self.theirs, self.agreed = dict(EMPTY), dict(EMPTY), dict(EMPTY)
        self.times, self.theirs_at, self.now = {}, NOON, NOON
        self.rules = rules or Rules()
        self.conflicts = []

    def edit(self, side, name, value):
        self.now += timedelta(seconds=1)
        values = getattr(self, side)
        if side == "mine":
            self.times[name] = self.now
        else:
            self.theirs_at = self.now
        values[name] = value

    def sync(self):
        done = settle_entry(
            self.agreed, self.mine, self.theirs, mine_times=self.times, theirs_at=self.theirs_at,
            rules=self.rules,
        )  # fmt: skip
        self.mine |= done.to_mine
        self.theirs |= done.to_theirs
        self.agreed = done.agreed | done.to_theirs
        self.conflicts += done.conflicts
        return done


@given(_STEPS, st.sampled_from([ConflictPolicy.LATEST, ConflictPolicy.MINE, ConflictPolicy.THEIRS]))
def test_whatever_is_edited_both_sides_end_equal_and_nothing_is_lost(steps, policy):
    sides = Sides(Rules(policy=policy))
    for what, edit in [*steps, ("sync", None)]:
        if what != "sync":
            sides.edit(what, *edit)
            continue
        agreed = dict(sides.agreed)
        before = {side: dict(getattr(sides, side)) for side in ("mine", "theirs")}
        known = len(sides.conflicts)
        sides.sync()
        clashed = {one.field for one in sides.conflicts[known:]}
        for name in EMPTY:
            changed = {before[side][name] for side in before if before[side][name] != agreed[name]}
            if changed:
                assert sides.mine[name] in changed
                assert (name in clashed) == (len(changed) == 2)
        assert sides.mine == sides.theirs

    quiet = sides.sync()

    assert (quiet.to_mine, quiet.to_theirs, quiet.conflicts) == ({}, {}, ())
    assert sides.mine == sides.theirs == sides.agreed


def test_a_step_back_counts_but_not_against_a_step_forward():
    sides = Sides()
    sides.mine |= {"progress": 10}
    sides.sync()

    sides.edit("mine", "progress", 4)
    back = sides.sync()
    sides.edit("mine", "progress", 7)
    sides.edit("theirs", "progress", 2)
    both = sides.sync()

    assert back.to_theirs == {"progress": 4}
    assert both.to_theirs == {"progress": 7}
    assert [(one.kept, one.why) for one in both.conflicts] == [(Kept.MINE, KeptWhy.HIGHER)]


def test_of_two_changes_the_later_counts_also_one_that_was_made_offline():
    sides = Sides()
    sides.edit("mine", "score", 70)
    sides.edit("theirs", "score", 80)
    sides.edit("theirs", "notes", "there")
    sides.edit("mine", "notes", "here")

    done = sides.sync()

    assert (done.to_mine, done.to_theirs) == ({"score": 80}, {"notes": "here"})
    assert {one.why for one in done.conflicts} == {KeptWhy.LATER}


def test_what_waits_for_a_decision_stays_and_is_no_agreement():
    sides = Sides(Rules(policy=ConflictPolicy.ASK))
    sides.edit("mine", "score", 70)
    sides.edit("theirs", "score", 80)
    sides.edit("theirs", "progress", 2)

    first, again = sides.sync(), sides.sync()

    assert (first.to_mine, first.to_theirs) == ({"progress": 2}, {})
    assert first.agreed["score"] is None
    assert [one.kept for one in first.conflicts + again.conflicts] == [Kept.WAITS] * 2


@pytest.mark.parametrize("rules", [Rules(takes=False), Rules(sends=())])
def test_one_way_only_what_the_other_side_changes_is_left_apart_without_an_end_of_conflicts(rules):
    sides = Sides(rules)
    sides.edit("mine", "score", 70)
    sides.edit("theirs", "notes", "there")
    first = sides.sync()
    sides.edit("mine", "notes", "here")
    second, quiet = sides.sync(), sides.sync()

    if rules.takes:
        assert (first.to_mine, first.to_theirs) == ({"notes": "there"}, {})
        assert sides.theirs["score"] is None
        assert not second.conflicts
    else:
        assert (first.to_mine, first.to_theirs) == ({}, {"score": 70})
        assert second.to_theirs == {"notes": "here"}
        assert len(second.conflicts) == 1
    assert not quiet.conflicts


def test_values_are_alike_on_both_sides():
    entry = RemoteEntry(
        1, 2, "REPEATING", score_raw=0, progress=7, progress_volumes=1, repeat=2, notes="Ж",
        is_private=True, started=FuzzyDate(2020, 2, 29), completed=FuzzyDate(2021, 3),
    )  # fmt: skip
    values = values_of_entry(entry)
    fields = fields_of_values(values, kind=Kind.MANGA, minutes=None)

    assert (values["status"], values["score"], values["finished_on"]) == ("repeating", None, None)
    assert values_of_fields(fields, kind=Kind.MANGA, minutes=None) == values
    # A day of which they know a part is not taken from them.
    assert entry_values(values, agreed=values) == EntryValues(
        "REPEATING", 0, 7, 1, 2, "Ж", is_private=True, started=FuzzyDate(2020, 2, 29)
    )
    cleared = entry_values({"started_on": None}, agreed=values)
    assert cleared == EntryValues(started=FuzzyDate())


@pytest.mark.parametrize(
    ("status", "ours", "minutes", "theirs"),
    [
        ("current", 45, 120, 0),
        ("completed", 120, 120, 1),
        ("completed", 90, None, 1),
        ("planning", 0, 120, 0),
        ("dropped", 120, 120, 1),
    ],
)
def test_the_minutes_of_a_movie_are_seen_or_not(status, ours, minutes, theirs):
    fields = fields_of_values(EMPTY, kind=Kind.MOVIE, minutes=minutes)
    fields |= {"status": status, "progress": ours}

    assert values_of_fields(fields, kind=Kind.MOVIE, minutes=minutes)["progress"] == theirs
    seen = fields_of_values({"progress": 1}, kind=Kind.MOVIE, minutes=minutes)
    assert seen == {"progress": minutes or 1}
