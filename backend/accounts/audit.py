"""The audit log: one entry for every decision of a moderator or admin, and of the program."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from common.http.errors import Invalid

_actors: ContextVar[frozenset[int]] = ContextVar("actors", default=frozenset())


def log_decision(
    subject: models.Model,
    *,
    action: str,
    actor: User | None,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
) -> AuditEntry:
    """Write an entry inside the caller's transaction; `actor` is None for the program itself.

    A user is named as the actor only within `accounts.auth.authority.acting`, which checks that
    they still have the right: a story that forgets it raises an error.
    """
    entry = _entry(
        subject,
        action=action,
        actor=actor,
        from_state=from_state,
        to_state=to_state,
        reason=reason,
    )
    entry.save(force_insert=True)
    return entry


def log_decisions(
    moves: Iterable[tuple[models.Model, str, str]], *, action: str, actor: User, reason: str = ""
) -> None:
    """Write an entry for each (subject, from_state, to_state) of one action on many objects."""
    AuditEntry.objects.bulk_create(
        (
            _entry(
                subject,
                action=action,
                actor=actor,
                from_state=from_state,
                to_state=to_state,
                reason=reason,
            )
            for subject, from_state, to_state in moves
        ),
        batch_size=500,
    )


def last_entries(subject_type: str, ids: Iterable[int | None]) -> dict[int, int]:
    """Return the id of the last entry about each of the objects that have one."""
    entries = AuditEntry.objects.filter(subject_type=subject_type, subject_id__in=list(ids))
    return dict(entries.order_by().values_list("subject_id").annotate(models.Max("pk")))


def last_reason(subject_type: str, pk: int, *, action: str) -> str:
    """Return the reason of the last such action about an object; empty where there is none."""
    entries = AuditEntry.objects.filter(subject_type=subject_type, subject_id=pk, action=action)
    return entries.order_by("-pk").values_list("reason", flat=True).first() or ""


@contextmanager
def naming_actor(user: User) -> Iterator[None]:
    """Let entries name this user, whose rights have been checked in this transaction."""
    before = _actors.set(_actors.get() | {user.pk})
    try:
        yield
    finally:
        _actors.reset(before)


def require_reason(reason: str) -> str:
    """Return the reason of a decision without spaces around it; raises Invalid for an empty one."""
    reason = reason.strip()
    if not reason:
        raise Invalid(_("Say why."), fields={"reason": [_("Say why.")]})
    return reason


def forget_labels(subject_type: str, ids: Iterable[int]) -> None:
    """Remove the label of entries about objects whose `__str__` named a user who leaves."""
    AuditEntry.objects.filter(subject_type=subject_type, subject_id__in=ids).update(
        subject_label=""
    )


def _entry(subject: models.Model, *, action: str, actor: User | None, **columns: Any) -> AuditEntry:
    if actor is not None and actor.pk not in _actors.get():
        raise RuntimeError(f"{action}: the story does not ask whether its actor still may")
    return AuditEntry(
        action=action,
        actor=actor,
        subject_type=subject._meta.model_name or "",
        subject_id=subject.pk,
        subject_label=str(subject)[:300],
        **columns,
    )
