"""Real threads and processes: one flight for many askers, and slow sources that delay nobody."""

import threading

import pytest
from django.db import connection

from sources.answers import answering, asking, clients
from sources.answers.asking import Asked, ask, wait_for
from sources.models import SourceAnswer, SourceHour
from tests.at_once import run_at_once
from tests.sources.double import slow
from tests.sources.doubles import AniList, MangaDex
from tests.sources.doubles.catalogue import WORKS

KNOWN = next(work.english for work in WORKS if work.mangadex and work.anilist and work.english)
ASKERS, THREADS = 200, 8


@pytest.fixture
def worker(transactional_db):
    """The lane of a worker: it looks for questions until the test ends."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            answering.answer_questions()
            stop.wait(0.01)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()
    for lanes in answering._lanes.threads.values():
        for lane in lanes:
            lane.join()


@pytest.fixture
def both(site, settings):
    """Two sources, each with a site."""
    with AniList() as other:
        settings.SOURCE_ADDRESSES |= other.addresses()
        yield other


def search(source: str = "mangadex", query: str = KNOWN or "") -> Asked:
    return ask(source, "search", {"query": query})


def test_two_hundred_who_ask_at_once_share_one_call(worker, site, monkeypatch):
    monkeypatch.setattr(asking, "_waiters", threading.BoundedSemaphore(THREADS))

    def ask_and_wait() -> set[str]:
        return {
            wait_for([search()], 30)[0].state for _asker in range(ASKERS // THREADS)
        }  # fmt: skip

    answers = run_at_once(*[ask_and_wait] * THREADS)

    assert answers == [{"fresh"}] * THREADS
    assert len(site.requests) == 1
    assert SourceAnswer.objects.count() == 1


def test_few_requests_of_a_process_wait_and_others_get_what_is_there(db, monkeypatch):
    monkeypatch.setattr(asking, "_waiters", threading.BoundedSemaphore(1))
    assert asking._waiters.acquire(blocking=False)

    [asked] = wait_for([search()], 3600)

    assert asked.state == "waiting"


def test_a_slow_source_delays_no_other(worker, site, both, settings, monkeypatch):
    monkeypatch.setitem(clients._URGENT, "call_seconds", 60.0)
    with MangaDex() as tortoise:
        settings.SOURCE_ADDRESSES |= tortoise.addresses()
        tortoise.plan(slow(), times=99)
        questions = [search("mangadex", f"query {number}") for number in range(5)]
        wait_for(questions, 0.2)

        [quick] = wait_for([search("anilist")], 30)

        assert (quick.state, bool(quick.value)) == ("fresh", True)
        assert {one.state for one in wait_for(questions, 0)} == {"waiting"}
        assert 0 < len(tortoise.requests) <= answering._THREADS_A_SOURCE


def test_what_is_asked_while_others_are_answered_is_found(worker, site, both):
    first = search("anilist")
    second = search("mangadex")
    third = search("mangadex", "nothing like it")

    states = [one.state for one in wait_for([first, second, third], 30)]

    assert states == ["fresh"] * 3


def test_counts_of_many_threads_are_all_written(transactional_db, site):
    from sources.answers.counters import count, flush_counts

    def add() -> None:
        for number in range(50):
            count("mangadex", hits=1)
            if number % 10 == 0:
                flush_counts()
        flush_counts()

    assert run_at_once(*[add] * 4) == [None] * 4
    assert sum(SourceHour.objects.values_list("hits", flat=True)) == 200
