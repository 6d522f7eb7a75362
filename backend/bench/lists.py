"""Measures series, details, search, chapters and pages, against bare views of the same bytes."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

from bench.installation import BACKEND, Installation
from bench.processes import processor_seconds

CONNECTIONS = 16


@dataclass(frozen=True, order=True)
class Cost:
    """The cost of a round of requests; `cpu` and the percentiles are in milliseconds.

    They are sorted by their processor time.
    """

    cpu: float
    per_second: float
    p50: float
    p99: float


def measure_lists(house: Installation, found: dict[str, Any], *, requests: int) -> list[str]:
    """Return the table of one installation."""
    paths = {
        "series list": "/api/series",
        "search": f"/api/series?search={quote(found['names'][0])}",
        "series detail": f"/api/series/{found['slug']}",
        "chapter list": f"/api/series/{found['slug']}/chapters",
        "chapter pages": f"/api/chapters/{found['chapter']}",
    }
    lines = [
        f"Lists on {house.name}, {CONNECTIONS} connections",
        f"  {'':22}{'req/s':>8}{'p50 ms':>9}{'p99 ms':>9}"
        f"{'CPU ms':>9}{'bare':>8}{'ratio':>8}  goal",
    ]
    names = iter(found["names"][1:])
    with house.serve() as (pid, port):
        bodies = house.folder / "bodies"
        bodies.mkdir(exist_ok=True)
        for name, path in paths.items():
            (bodies / name.replace(" ", "-")).write_bytes(fetch(port, path))
        with house.serve("bench.bare") as (bare_pid, bare_port):
            for name, path in paths.items():
                bare_path = f"/bare/{name.replace(' ', '-')}"
                asked = {"warm": path, "cold": f"{path}{'&' if '?' in path else '?'}n={{n}}"}
                if name == "search":  # the found titles are remembered for the next pages
                    asked |= {"cold": "/api/series?search={words}", "next": asked["cold"]}
                rounds = [
                    (
                        cost_of(bare_pid, bare_port, bare_path, requests),
                        *(
                            cost_of(pid, port, one, requests // (1 if one == path else 2), names)
                            for one in asked.values()
                        ),
                    )
                    for _ in range(2)
                ]
                bare, *costs = (min(one, key=lambda c: c.cpu) for one in zip(*rounds, strict=True))
                lines += [
                    _line(f"{name}, {how}", cost, bare, 1.7 if how == "warm" else 2.5)
                    for how, cost in zip(asked, costs, strict=True)
                ]
    return lines


def _line(name: str, cost: Cost, bare: Cost, goal: float) -> str:
    ratio = cost.cpu / bare.cpu
    verdict = "" if ratio <= goal else "  MISSED"
    return (
        f"  {name:22}{cost.per_second:8.0f}{cost.p50:9.2f}{cost.p99:9.2f}{cost.cpu:9.3f}"
        f"{bare.cpu:8.3f}{ratio:8.2f}  {goal}{verdict}"
    )


def fetch(port: int, path: str, *, token: str = "") -> bytes:
    """Return the body of an answer as it is sent, gzip and all."""
    headers = {"Accept-Encoding": "gzip"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request) as answer:
        body: bytes = answer.read()
    return body


def cost_of(
    pid: int,
    port: int,
    path: str,
    requests: int,
    words: Iterable[str] = (),
    *,
    token: str = "",
    connections: int = CONNECTIONS,
) -> Cost:
    """Request a path so many times, with a Bearer token if one is given; see `bench.load`."""
    # A few requests first, so that every thread has its connections.
    _load(port, path, max(requests // 20, connections), words, token=token, connections=connections)
    before = processor_seconds(pid)
    seen = _load(port, path, requests, words, token=token, connections=connections)
    cpu = (processor_seconds(pid) - before) / requests * 1000
    return Cost(cpu=cpu, **seen)


def _load(
    port: int, path: str, requests: int, words: Iterable[str], *, token: str, connections: int
) -> dict[str, float]:
    arguments = [str(port), str(connections), str(requests), path, token]
    lines = islice(words, requests) if "{words}" in path else ()
    result = subprocess.run(
        [sys.executable, "-m", "bench.load", *arguments],
        cwd=BACKEND,
        input="\n".join(lines).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    seen: dict[str, float] = json.loads(result.stdout)
    return seen
