"""Events: written with their change, numbered after commit, taken once by each consumer."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from common.models import Event, EventCursor
from common.work import events
from common.work.background import run_due_rows
from common.work.events import (
    NoTransaction,
    delete_old_events,
    deliver_events,
    emit,
    emit_all,
    event_consumer,
)
from tests.at_once import run_at_once


@pytest.fixture
def taken(monkeypatch):
    """Register one consumer, `tests.list`, and return the list of the numbers that it takes."""
    monkeypatch.setattr(events, "CONSUMERS", {})
    numbers: list[int] = []

    @event_consumer(name="tests.list", events=("counted",))
    def take(given):
        numbers.extend(event.payload["number"] for event in given)

    return numbers


@pytest.mark.django_db(transaction=True)
def test_an_event_exists_if_and_only_if_its_change_does():
    with pytest.raises(NoTransaction):
        emit("counted", number=1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        emit("counted", number=2)
        _ = 1 / 0

    assert not Event.objects.exists()


@pytest.mark.django_db
def test_consumers_take_their_events_once_in_order(taken):
    others = []

    @event_consumer(name="tests.other", events=("renamed",))
    def take_other(given):
        others.append([event.payload for event in given])

    emit_all("counted", ({"number": number} for number in range(450)))
    emit("renamed", to="Manas")
    emit("nobody_listens")
    deliver_events()
    emit("counted", number=450)
    run_due_rows(events.QUEUE)
    deliver_events()

    assert taken == list(range(451))
    assert others == [[{"to": "Manas"}]]
    assert len(set(EventCursor.objects.values_list("position", flat=True))) == 1


@pytest.mark.django_db
def test_when_nothing_happens_it_costs_two_queries(taken, django_assert_num_queries):
    emit("counted", number=1)
    deliver_events()

    with django_assert_num_queries(2):
        deliver_events()


@pytest.mark.django_db
def test_an_event_that_fails_stops_its_consumer_alone_and_is_not_lost(taken):
    broken, calls = {2}, []

    @event_consumer(name="tests.halting", events=("counted",))
    def take(given):
        calls.append(given)
        if broken & {event.payload["number"] for event in given}:
            raise RuntimeError

    def took():
        cursor = EventCursor.objects.get(pk="tests.halting")
        return Event.objects.filter(position__lte=cursor.position).count(), cursor.failures

    emit_all("counted", ({"number": number} for number in range(5)))
    deliver_events()
    assert (taken, took()) == ([0, 1, 2, 3, 4], (2, 1))
    before = len(calls)

    deliver_events()
    assert len(calls) == before, "it is tried again after a pause"

    EventCursor.objects.update(retry_at=timezone.now())
    deliver_events()
    assert took() == (2, 2)

    broken.clear()
    EventCursor.objects.update(retry_at=timezone.now())
    deliver_events()
    assert (taken, took()) == ([0, 1, 2, 3, 4], (5, 0))


@pytest.mark.django_db
def test_one_that_fails_only_together_is_taken_alone(taken):
    calls = []

    @event_consumer(name="tests.one", events=("counted",))
    def take(given):
        calls.append(len(given))
        if len(given) > 1:
            raise RuntimeError

    emit_all("counted", ({"number": number} for number in range(3)))
    deliver_events()

    assert calls == [3, 1, 1, 1]


@pytest.mark.django_db
def test_events_go_after_a_week_once_all_have_taken_them(taken):
    emit("counted", number=1)
    emit("counted", number=2)
    deliver_events()
    emit("counted", number=3)
    Event.objects.exclude(payload__number=2).update(created_at=timezone.now() - timedelta(days=8))

    delete_old_events()
    left = [event.payload["number"] for event in Event.objects.order_by("pk")]
    deliver_events()

    assert left == [2, 3]
    assert taken == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="one transaction writes at a time")
def test_an_event_whose_transaction_commits_later_is_not_passed_by(taken):
    is_written, may_commit = threading.Event(), threading.Event()

    def commit_late():
        with transaction.atomic():
            emit("counted", number=1)
            is_written.set()
            assert may_commit.wait(60)

    def overtake():
        assert is_written.wait(60)
        with transaction.atomic():
            emit("counted", number=2)
        deliver_events()
        found = list(taken)
        may_commit.set()
        return found

    _late, found_before = run_at_once(commit_late, overtake)
    deliver_events()

    assert found_before == [2]
    assert taken == [2, 1]
    assert Event.objects.get(payload__number=1).pk < Event.objects.get(payload__number=2).pk


@pytest.mark.django_db(transaction=True)
def test_writers_and_workers_at_once_lose_and_repeat_nothing(monkeypatch):
    monkeypatch.setattr(events, "CONSUMERS", {})

    @event_consumer(name="tests.copy", events=("counted",))
    def copy(given):
        # Rows, as a consumer writes: they are undone with the transaction.
        Event.objects.bulk_create(Event(name="copy", payload=event.payload) for event in given)

    def write(first):
        for number in range(first, first + 20):
            with transaction.atomic():
                emit("counted", number=number)

    outcomes = run_at_once(
        lambda: write(0), lambda: write(20), deliver_events, deliver_events, deliver_events
    )
    deliver_events()

    assert outcomes == [None] * 5
    copies = Event.objects.filter(name="copy").values_list("payload__number", flat=True)
    assert sorted(copies) == list(range(40))
