"""Reading states as a job keeps them in JSON, to put them back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reader.models import ReadingState

_MOMENTS = ("finished_at", "last_finished_at", "forgotten_at", "changed_at")
_KEPT = ("page", "offset", *_MOMENTS)
_AT_ONCE = 500


def columns_of(state: ReadingState) -> list[Any]:
    """Return what a state says, for `set_columns`."""
    moments = [getattr(state, name) for name in _MOMENTS]
    return [state.page, state.offset, *(moment and moment.isoformat() for moment in moments)]


def set_columns(state: ReadingState, kept: Sequence[Any]) -> None:
    """Have a state say what `columns_of` has returned; it is not saved."""
    page, offset, *moments = kept
    state.page, state.offset = page, offset
    for name, moment in zip(_MOMENTS, moments, strict=True):
        setattr(state, name, moment and datetime.fromisoformat(moment))


def save_states(states: Sequence[ReadingState]) -> None:
    """Write states, new ones and others, some at a time."""
    ReadingState.objects.bulk_create(
        states, batch_size=_AT_ONCE, update_conflicts=True, unique_fields=["user", "chapter"],
        update_fields=_KEPT,
    )  # fmt: skip
