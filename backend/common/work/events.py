"""Events tell upper apps what happened in lower ones: rows that each consumer reads once.

A story calls `emit` in its transaction, so an event exists if and only if its change does.
`deliver_events` numbers committed events and gives them to each consumer in the transaction that
moves the consumer's cursor: whatever dies, an event takes effect exactly once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from common.models import Event, EventCursor
from common.work.background import scheduled_task, wake_queue

log = structlog.get_logger(__name__)

QUEUE = "events"
# The cursor of no consumer: the last position that was given. It is stored, as events are deleted.
_SEQUENCE = "sequence"
_AT_ONCE = 200
_MOST_ROUNDS = 50
_KEEP = timedelta(days=7)
_DELETED_AT_ONCE = 1000
_FIRST_RETRY_SECONDS = 5
_LAST_RETRY_SECONDS = 600
_MOST_FAILURES = 1000


@dataclass(frozen=True)
class EventConsumer:
    """A function that events of some names are given to, in their order and some at a time."""

    name: str
    events: frozenset[str]
    run: Callable[[Sequence[Event]], None]


CONSUMERS: dict[str, EventConsumer] = {}


class NoTransaction(Exception):
    """An event was emitted outside the transaction of the change that it tells of."""


def emit(name: str, **payload: Any) -> None:
    """Write one event in the caller's transaction, and wake a worker for it on commit."""
    emit_all(name, [payload])


def emit_all(name: str, payloads: Iterable[Mapping[str, Any]]) -> None:
    """Write many events of one name in the caller's transaction."""
    if not connection.in_atomic_block:
        raise NoTransaction(name)
    events = [Event(name=name, payload=payload) for payload in payloads]
    if events:
        Event.objects.bulk_create(events, batch_size=_AT_ONCE)
        wake_queue(QUEUE)


def event_consumer(
    *, name: str, events: Iterable[str]
) -> Callable[[Callable[[Sequence[Event]], None]], EventConsumer]:
    """Register a function that takes events of some names, such as `tracker.unread`.

    It runs inside the transaction that moves its cursor and changes nothing but rows. Several
    events may be about one thing, which may be gone by then: it looks at what is, and at events
    only for where to look. A new consumer begins with the oldest event that is kept.
    """

    def register(run: Callable[[Sequence[Event]], None]) -> EventConsumer:
        consumer = CONSUMERS[name] = EventConsumer(name, frozenset(events), run)
        return consumer

    return register


@scheduled_task(every_seconds=15, queue=QUEUE, on_wake_up=True)
def deliver_events() -> None:
    """Number the committed events and give them to all consumers, until nothing is left."""
    for _round in range(_MOST_ROUNDS):
        _number_events()
        if not _advance_all():
            return
    wake_queue(QUEUE)  # others of the queue come first


def _number_events() -> None:
    """Give positions to committed events that have none.

    Ids commit in any order on PostgreSQL: a cursor over ids would pass by an event whose
    transaction is still open. Positions are given to committed events only, by one transaction at a
    time, and so no position below a visible one ever appears later.
    """
    waiting = Event.objects.filter(position__isnull=True).order_by("pk")
    while waiting.exists():
        with transaction.atomic():
            sequence, _is_new = EventCursor.objects.select_for_update().get_or_create(pk=_SEQUENCE)
            ids = list(waiting.values_list("pk", flat=True)[:_AT_ONCE])
            if not ids:
                return
            offset = sequence.position + 1 - ids[0]
            Event.objects.filter(pk__in=ids).update(position=F("pk") + offset)
            EventCursor.objects.filter(pk=_SEQUENCE).update(position=ids[-1] + offset)


def _advance_all() -> bool:
    """Give each consumer that is behind its next events; return True if one of them took some."""
    cursors = EventCursor.objects.in_bulk()
    if _SEQUENCE not in cursors:
        return False
    last, now = cursors[_SEQUENCE].position, timezone.now()
    new = [EventCursor(consumer=name) for name in CONSUMERS if name not in cursors]
    if new:
        EventCursor.objects.bulk_create(new, ignore_conflicts=True)
    cursors.update({cursor.consumer: cursor for cursor in new})
    behind = [
        consumer
        for name, consumer in CONSUMERS.items()
        if cursors[name].position < last
        and ((retry_at := cursors[name].retry_at) is None or retry_at <= now)
    ]
    moved = [_advance(consumer) for consumer in behind]  # all of them, whoever moves
    return any(moved)


def _advance(consumer: EventConsumer) -> bool:
    """Give a consumer its next events; where they fail together, one by one up to one that fails.

    It stops there, alone, and tries again later: events are about rows that change, and a later one
    that came first could be undone by it.
    """
    try:
        return _deliver(consumer, most=_AT_ONCE)
    except Exception as error:  # noqa: BLE001 (each of them is tried alone now)
        log.warning("events.failed", consumer=consumer.name, error=str(error))
    for _event in range(_AT_ONCE):
        try:
            if not _deliver(consumer, most=1):
                break
        except Exception:
            cursor = _note_failure(consumer)
            log.exception("event.failed", consumer=consumer.name, after=cursor.position)
            return False
    return True


def _deliver(consumer: EventConsumer, *, most: int) -> bool:
    """Give a consumer its next events and move its cursor; return False if there are none."""
    with transaction.atomic():
        mine = EventCursor.objects.filter(pk=consumer.name)
        cursor = mine.select_for_update().get()
        coming = Event.objects.filter(position__gt=cursor.position).order_by("position")
        events = list(coming[:most])
        if not events:
            return False
        wanted = [event for event in events if event.name in consumer.events]
        if wanted:
            consumer.run(wanted)
        mine.update(position=events[-1].position, failures=0, retry_at=None)
    return True


def _note_failure(consumer: EventConsumer) -> EventCursor:
    with transaction.atomic():
        cursor = EventCursor.objects.select_for_update().get(pk=consumer.name)
        pause = min(_FIRST_RETRY_SECONDS * 2 ** min(cursor.failures, 10), _LAST_RETRY_SECONDS)
        cursor.failures = min(cursor.failures + 1, _MOST_FAILURES)
        cursor.retry_at = timezone.now() + timedelta(seconds=pause)
        cursor.save(update_fields=["failures", "retry_at"])
    return cursor


@scheduled_task(every_seconds=6 * 3600, queue=QUEUE)
def delete_old_events() -> None:
    """Delete events of more than a week ago that every consumer has taken."""
    cursors = EventCursor.objects.filter(pk__in=(*CONSUMERS, _SEQUENCE))
    taken = dict(cursors.values_list("pk", "position"))
    lowest = min(taken.get(name, 0) for name in (*CONSUMERS, _SEQUENCE))
    before = timezone.now() - _KEEP
    oldest = Event.objects.filter(position__lte=lowest).order_by("position")
    while True:
        rows = list(oldest.values_list("pk", "created_at")[:_DELETED_AT_ONCE])
        old = [pk for pk, created_at in rows if created_at < before]
        Event.objects.filter(pk__in=old).delete()
        if len(old) < _DELETED_AT_ONCE:
            return
