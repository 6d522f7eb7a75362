"""What becomes of a title that both sides may have changed, field by field, since they last agreed.

Nothing here asks the database or AniList. A change on one side wins. Where a field was changed on
both, the later change counts, of progress the higher one, or what the person has chosen.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.anilist.values import EMPTY, Values
from tracker.choices import ConflictPolicy, Kept, KeptWhy

# A step back counts as it is asked, but never against a step forward.
_PROGRESS = ("progress", "progress_volumes", "repeats")


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that is different on both sides, and was changed on both."""

    field: str
    mine: Any
    theirs: Any
    mine_at: datetime | None
    theirs_at: datetime | None
    kept: Kept
    why: KeptWhy | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be written on each side, and what is agreed before anything is sent.

    `agreed` is what AniList has, but for fields that wait for a decision, or whose change is not
    taken: there it is what was agreed before. So what is to be sent is what differs from it.
    """

    to_mine: Values
    to_theirs: Values
    agreed: Values
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a person wants: whether their changes are taken, which fields are sent, who wins."""

    takes: bool = True
    sends: Collection[str] = frozenset(EMPTY)
    policy: ConflictPolicy | str = ConflictPolicy.LATEST


def settle_entry(
    agreed: Mapping[str, Any] | None,
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    *,
    mine_times: Mapping[str, datetime],
    theirs_at: datetime | None,
    rules: Rules,
) -> Settled:
    """Compare both sides with what they agreed on; None: they have never met."""
    base = EMPTY if agreed is None else {**EMPTY, **agreed}
    to_mine: Values = {}
    to_theirs: Values = {}
    now_agreed: Values = {}
    conflicts = []
    for field in EMPTY:
        was, my, their = base[field], mine[field], theirs[field]
        now_agreed[field] = their
        if my == their:
            continue
        kept = Kept.MINE if their == was else Kept.THEIRS
        if was not in (my, their):
            conflict = _decide(
                field, my, their, mine_at=mine_times.get(field), theirs_at=theirs_at, rules=rules
            )
            kept = conflict.kept
            conflicts.append(conflict)
        if kept == Kept.MINE:
            if field in rules.sends:
                to_theirs[field] = my
        elif kept == Kept.THEIRS and rules.takes:
            to_mine[field] = their
        else:
            now_agreed[field] = was
    return Settled(to_mine, to_theirs, now_agreed, tuple(conflicts))


def _decide(
    field: str,
    my: Any,
    their: Any,
    *,
    mine_at: datetime | None,
    theirs_at: datetime | None,
    rules: Rules,
) -> Conflict:
    why: KeptWhy | None = KeptWhy.PREFERENCE
    if not rules.takes:
        kept = Kept.MINE
    elif rules.policy == ConflictPolicy.ASK:
        kept, why = Kept.WAITS, None
    elif rules.policy == ConflictPolicy.MINE:
        kept = Kept.MINE
    elif rules.policy == ConflictPolicy.THEIRS:
        kept = Kept.THEIRS
    elif field in _PROGRESS:
        kept, why = (Kept.MINE if my > their else Kept.THEIRS), KeptWhy.HIGHER
    else:
        is_later = theirs_at is None or (mine_at is not None and mine_at >= theirs_at)
        kept, why = (Kept.MINE if is_later else Kept.THEIRS), KeptWhy.LATER
    return Conflict(field, my, their, mine_at, theirs_at, kept, why)
