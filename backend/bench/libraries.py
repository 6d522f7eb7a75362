"""Measures a large library among many: its pages, +1, and a change of 10,000 items at once.

A library of a tenth of the size, in an installation of a tenth of the size, is measured in turns
with it, and a bare view of the same bytes with both: so one run tells what a page costs more as a
library grows, however busy the machine is.
"""

import hashlib
import http.client
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.installation import Installation
from bench.lists import Cost, cost_of, fetch
from bench.processes import processor_seconds

_BULK_SECONDS = 2
# A page may grow by so much when the library is ten times as large.
_GROWTH = 1.1
_STEP = "one more"
_GOALS_MS = {"library page": 5, _STEP: 6}
_ROUNDS = 5


@dataclass(frozen=True)
class _Library:
    """A library in an installation of its own, which is being served."""

    house: Installation
    title: str
    found: dict[str, Any]
    pid: int
    port: int

    def cost_of(self, name: str, requests: int) -> Cost:
        """Ask for a page so many times, or send +1."""
        if name == _STEP:
            return _cost_of_steps(self, requests)
        path, token = self.found["paths"][name], self.found["token"]
        return cost_of(self.pid, self.port, path, requests, token=token, connections=1)

    def body_of(self, name: str) -> bytes:
        """Return what is answered, as it is sent."""
        path = self.found["item"] if name == _STEP else self.found["paths"][name]
        return fetch(self.port, path, token=self.found["token"])

    def post(self, client: http.client.HTTPConnection, path: str, body: object) -> Any:
        """Send a change, and return its answer."""
        headers = {
            "Authorization": f"Bearer {self.found['token']}", "Content-Type": "application/json",
        }  # fmt: skip
        client.request("POST", path, json.dumps(body), headers)
        answer = client.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
        return json.loads(text)


@dataclass(frozen=True)
class _Bare:
    """A server of plain views, see `bench.bare`."""

    bodies: Path
    pid: int
    port: int

    def cost_of(self, body: bytes, requests: int) -> Cost:
        """Ask for these bytes so many times."""
        name = hashlib.sha256(body).hexdigest()
        (self.bodies / name).write_bytes(body)
        return cost_of(self.pid, self.port, f"/bare/{name}", requests, connections=1)


class _Measured(NamedTuple):
    """What a page cost in the cheapest of the rounds, and the bare view of its bytes in its own."""

    cost: Cost
    bare: Cost
    size: int


def measure_libraries(
    services: tuple[str, str], *, sizes: Sequence[tuple[int, int, int]], requests: int
) -> list[str]:
    """Return the tables of a small library and a large one, and how the pages grow.

    A size is how many titles the user has, and how many other users have how many.
    """
    with ExitStack() as stack:
        libraries = [_serve(stack, services, size) for size in sizes]
        bare = _serve_bare(stack, libraries[0].house)
        names = [*libraries[0].found["paths"], _STEP]
        pages = {name: _measure(name, libraries, bare, requests) for name in names}
        lines = []
        for place, library in enumerate(libraries):
            measured = {name: page[place] for name, page in pages.items()}
            lines += [*_table(library, measured), *_bulk(library), ""]
    return [*lines, *_growth(pages)]


def _serve(stack: ExitStack, services: tuple[str, str], size: tuple[int, int, int]) -> _Library:
    house = stack.enter_context(Installation(database_url=services[0], redis_url=services[1]))
    found = house.run("library_items", *map(str, size))
    title = f"{house.name}, {size[0]:,} titles among {size[1]:,} users with {size[2]:,}"
    return _Library(house, title, found, *stack.enter_context(house.serve()))


def _serve_bare(stack: ExitStack, house: Installation) -> _Bare:
    bodies = house.folder / "bodies"
    bodies.mkdir()
    return _Bare(bodies, *stack.enter_context(house.serve("bench.bare")))


def _measure(
    name: str, libraries: Sequence[_Library], bare: _Bare, requests: int
) -> list[_Measured]:
    """Measure one page of each library in turns."""
    bodies = [library.body_of(name) for library in libraries]
    rounds = [
        [
            (library.cost_of(name, requests), bare.cost_of(body, requests))
            for library, body in zip(libraries, bodies, strict=True)
        ]
        for _round in range(_ROUNDS)
    ]
    cheapest = [
        (min(cost for cost, _bare in pairs), min(bare for _cost, bare in pairs))
        for pairs in zip(*rounds, strict=True)
    ]
    return [_Measured(*pair, len(body)) for pair, body in zip(cheapest, bodies, strict=True)]


def _cost_of_steps(library: _Library, requests: int) -> Cost:
    path, taken = f"{library.found['item']}/progress", []
    client = http.client.HTTPConnection("127.0.0.1", library.port)
    library.post(client, path, {"by": 1})
    before, began = processor_seconds(library.pid), time.perf_counter()
    for _request in range(requests):
        started = time.perf_counter()
        library.post(client, path, {"by": 1})
        taken.append((time.perf_counter() - started) * 1000)
    seconds = time.perf_counter() - began
    cpu = (processor_seconds(library.pid) - before) / requests * 1000
    client.close()
    taken.sort()
    return Cost(cpu, requests / seconds, taken[requests // 2], taken[int(requests * 0.99)])


def _table(library: _Library, measured: dict[str, _Measured]) -> list[str]:
    lines = [
        f"Library on {library.title}",
        f"  {'':20}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'bare':>8}{'ratio':>8}"
        f"{'queries':>9}{'bytes':>9}  goal",
    ]
    for name, (cost, bare, size) in measured.items():
        goal = _GOALS_MS.get(name)
        told = "" if goal is None else f"  {goal} ms{'' if cost.cpu <= goal else '  MISSED'}"
        lines.append(
            f"  {name:20}{cost.p50:9.2f}{cost.p99:9.2f}{cost.cpu:9.3f}{bare.cpu:8.3f}"
            f"{cost.cpu / bare.cpu:8.2f}{library.found['queries'][name]:9}{size:9}{told}"
        )
    return lines


def _bulk(library: _Library) -> list[str]:
    """Change many items, and take it back."""
    client = http.client.HTTPConnection("127.0.0.1", library.port)
    body = {
        "ids": library.found["ids"],
        "set": {"status": "paused", "score": 77, "add_tags": ["many"]},
    }
    lines, job = [], ""
    for name, path, sent in (
        ("change of", "/api/library/bulk", body),
        ("undo of", "/api/jobs/{job}/undo", {}),
    ):
        before, began = processor_seconds(library.pid), time.perf_counter()
        answer = library.post(client, path.format(job=job), sent)
        seconds = time.perf_counter() - began
        cpu = processor_seconds(library.pid) - before
        job, done = answer["id"], answer["outcome"]["done"]
        verdict = "" if cpu <= _BULK_SECONDS else "  MISSED"
        lines.append(
            f"  {f'{name} {done:,}':20}{seconds * 1000:9.0f}{'':9}{cpu * 1000:9.0f}"
            f"{'':34}  {_BULK_SECONDS} s{verdict}"
        )
    client.close()
    return lines


def _growth(pages: dict[str, list[_Measured]]) -> list[str]:
    lines = ["  Ten times the library, times the CPU"]
    for name, (small, large) in pages.items():
        ratio = large.cost.cpu / small.cost.cpu
        verdict = "" if ratio <= _GROWTH else "  MISSED"
        lines.append(f"  {name:20}{ratio:9.2f}  {_GROWTH}{verdict}")
    return lines
