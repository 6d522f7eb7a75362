"""Measures what outside catalogues cost the web, and what the budgets cost a call.

The sites are doubles on this machine, which answer at once; the worker is the real one.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

from bench.installation import BACKEND, Installation
from bench.lists import cost_of, fetch
from tests.sources.doubles import DOUBLES
from tests.sources.doubles.catalogue import WORKS

_GOAL_MS = 10.0  # of CPU
_ASKERS = 200
_ANSWER_SECONDS = 30
# Between two questions, so that no budget is used up and only the way is measured.
_APART_SECONDS = 1.1
_KNOWN = next(work.english for work in WORKS if work.mangadex and work.anilist and work.english)


def measure_sources(
    services: tuple[str, str], *, requests: int, answers: int
) -> list[str]:  # fmt: skip
    """Return the lines of one installation; `services` are a PostgreSQL and a Redis, or empty."""
    with ExitStack() as stack:
        doubles = {name: stack.enter_context(make()) for name, make in DOUBLES.items()}
        variables = {"OUTBOUND_ALLOW_PRIVATE": "1"}
        for double in doubles.values():
            variables |= double.addresses()
        house = stack.enter_context(
            Installation(database_url=services[0], redis_url=services[1], variables=variables)
        )
        house.run("library", "1000", "1000", "100")
        overhead = house.run("source_calls", str(requests))
        pid, port = stack.enter_context(house.serve())
        stack.enter_context(_working(house))
        _answered(port, _KNOWN)
        lines = [
            f"Sources on {house.name}, {len(doubles)} sources, one connection",
            f"  {'autocomplete':14}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}  goal",
        ]
        waits = [_seconds_until_answered(port, f"new {n}") * 1000 for n in range(answers)]
        fresh = _ask_at_once(port)
        calls = sum("stampede" in heard.one("title") for heard in doubles["mangadex"].requests)
        for how, words in (("warm", [_KNOWN] * 2 * requests), ("cold", _new_words(requests))):
            path = "/api/sources/autocomplete?q={words}"
            cost = cost_of(pid, port, path, requests, iter(words), connections=1)
            missed = "" if cost.cpu < _GOAL_MS else "  MISSED"
            lines.append(
                f"  {how:14}{cost.p50:9.2f}{cost.p99:9.2f}{cost.cpu:9.3f}  {_GOAL_MS:g} ms{missed}"
            )
        lines.append(
            f"  a new question is answered by MangaDex after {statistics.median(waits):.0f} ms, "
            f"at most {max(waits):.0f} ms"
        )
        lines += [
            f"  {_ASKERS} who ask the same at once: {calls} call, {fresh} answered within 5 s, "
            f"others told to ask again{'' if calls == 1 else '  MISSED'}",
            f"  a call costs {overhead['budgeted']:.2f} ms with its budget, "
            f"{overhead['plain']:.2f} ms without: {overhead['budgeted'] - overhead['plain']:.2f} "
            f"more, {overhead['cpu']:.2f} of it CPU",
        ]
        return lines


def _new_words(count: int) -> list[str]:
    return [f"word {number} {time.time_ns()}" for number in range(2 * count)]


@contextmanager
def _working(house: Installation) -> Iterator[None]:
    """Run the worker, which in the services profile is Celery's."""
    command = [sys.executable, "manage.py", "work"]
    if house.has_services:
        command = [
            sys.executable, "-m", "celery", "-A", "mangakg", "--quiet", "worker", "-Q", "sources",
            "-P", "threads", "-c", "1", "--without-gossip", "--without-mingle", "-l", "ERROR",
        ]  # fmt: skip
    worker = subprocess.Popen(command, cwd=BACKEND, env=house.environment())
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


def _autocomplete(port: int, words: str) -> Any:
    url = f"http://127.0.0.1:{port}/api/sources/autocomplete?q={quote(words)}"
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def _answered(port: int, words: str) -> None:
    """Ask until every source has answered."""
    until = time.monotonic() + _ANSWER_SECONDS
    while _autocomplete(port, words)["pending"]:
        if time.monotonic() > until:
            raise TimeoutError(words)
        time.sleep(0.1)


def _seconds_until_answered(port: int, words: str) -> float:
    time.sleep(_APART_SECONDS)
    words = f"{words} {time.time_ns()}"
    started = time.monotonic()
    while "mangadex" in _autocomplete(port, words)["pending"]:
        if time.monotonic() > started + _ANSWER_SECONDS:
            raise TimeoutError(words)
        time.sleep(0.01)
    return time.monotonic() - started


def _ask_at_once(port: int) -> int:
    """Ask the same of one source from many threads; return how many were answered at once."""
    path = f"/api/sources/mangadex/search?q=stampede%20{time.time_ns()}"
    barrier = threading.Barrier(_ASKERS)

    def ask(_number: int) -> bool:
        barrier.wait()
        url = f"http://127.0.0.1:{port}{path}"
        with urllib.request.urlopen(url) as answer:
            return not json.load(answer)["pending"]

    fetch(port, "/api/sources/status")
    with ThreadPoolExecutor(_ASKERS) as threads:
        return sum(threads.map(ask, range(_ASKERS)))
