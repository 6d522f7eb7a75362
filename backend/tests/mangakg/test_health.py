"""/readyz tells what works, and costs next to nothing however often it is asked."""

from threading import Event
from types import SimpleNamespace

import orjson
import pytest
from django.test import RequestFactory

from mangakg import health
from tests.at_once import run_at_once


@pytest.fixture
def tried(monkeypatch):
    """What was tried, in order; nobody has asked before, and nothing fails."""
    names: list[str] = []
    checks = {
        name: lambda name=name: names.append(name) for name in ("database", "queue", "storage")
    }
    monkeypatch.setattr(health, "_CHECKS", checks)
    monkeypatch.setattr(health, "_parts", health.Parts())
    return names


@pytest.fixture
def clock(monkeypatch):
    """The time by which answers are kept; `clock(5)` is five seconds later."""
    now = [1_000.0]
    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def ask():
    answer = health.ready(RequestFactory().get("/readyz"))
    return answer.status_code, orjson.loads(answer.content)


def fail():
    raise OSError


WORKS = {"status": "ok", "database": "ok", "queue": "ok", "storage": "ok"}


def test_a_flood_tries_each_part_once(tried, clock):
    answers = run_at_once(*[ask] * 8) + [ask() for _time in range(20)]

    assert answers == [(200, WORKS)] * 28
    assert tried == ["database", "queue", "storage"]


def test_what_fails_is_named_until_it_works_again(tried, clock, monkeypatch):
    monkeypatch.setitem(health._CHECKS, "storage", fail)
    failing = (503, WORKS | {"status": "unavailable", "storage": "failed"})
    assert ask() == failing
    monkeypatch.setitem(health._CHECKS, "storage", lambda: None)

    clock(4.9)
    assert ask() == failing
    clock(0.1)
    assert ask() == (200, WORKS)


def test_what_has_begun_to_fail_is_seen_within_seconds(tried, clock, monkeypatch):
    assert ask() == (200, WORKS)
    monkeypatch.setitem(health._CHECKS, "queue", fail)

    clock(5)

    assert ask() == (503, WORKS | {"status": "unavailable", "queue": "failed"})


def test_a_part_that_hangs_holds_up_one_who_asks_and_no_other(tried, clock, monkeypatch):
    hangs, goes_on = Event(), Event()

    def hang():
        hangs.set()
        goes_on.wait(timeout=10)

    def come_meanwhile():
        hangs.wait(timeout=10)
        answers = [ask() for _time in range(3)]
        clock(5)
        answers.append(ask())
        goes_on.set()
        return answers

    monkeypatch.setitem(health._CHECKS, "queue", hang)
    monkeypatch.setattr(health, "_PATIENCE_SECONDS", 0.01)
    partly = {"status": "unavailable", "database": "ok", "queue": "failed", "storage": "failed"}

    first, others = run_at_once(ask, come_meanwhile)

    assert others == [(503, partly)] * 4
    assert first == ask() == (200, WORKS)
    assert tried == ["database", "storage"]
