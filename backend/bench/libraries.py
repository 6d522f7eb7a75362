"""Measures a large library among many: its pages, +1, and a change of 10,000 items at once."""

import http.client
import json
import time
from typing import Any

from bench.installation import Installation
from bench.lists import Cost, cost_of, fetch
from bench.processes import processor_seconds

_PAGE_MS, _STEP_MS, _BULK_SECONDS = 5, 6, 2
# A page may grow by so much when the library is ten times as large.
_GROWTH = 1.1
_UNTOLD_MS = 0.05  # what the clock of a process tells no better
_GOALS = {"library page": _PAGE_MS, "one more": _STEP_MS}


def measure_libraries(
    house: Installation, *, items: int, others: int, of_others: int, requests: int
) -> tuple[list[str], dict[str, float]]:
    """Return the table of one installation, and the CPU of each page in milliseconds."""
    found = house.run("library_items", str(items), str(others), str(of_others))
    lines = [
        f"Library on {house.name}, {items} titles among {others} users with {of_others}",
        f"  {'':20}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'queries':>9}{'bytes':>9}  goal",
    ]
    cpu: dict[str, float] = {}
    with house.serve() as (pid, port):
        for name, path in found["paths"].items():
            token = found["token"]
            rounds = [
                cost_of(pid, port, path, requests, token=token, connections=1) for _ in range(2)
            ]
            best = min(rounds, key=lambda cost: cost.cpu)
            cpu[name] = best.cpu
            size = len(fetch(port, path, token=token))
            lines.append(_line(name, best, found["queries"][name], size))
        lines.append(_line("one more", _step(pid, port, found, requests // 4), None, None))
        lines += _bulk(pid, port, found, count=min(items, 10_000))
    return lines, cpu


def growth_lines(small: dict[str, float], large: dict[str, float]) -> list[str]:
    """Return how much each page costs more in a library that is ten times as large."""
    lines = ["  Ten times the library, times the CPU"]
    for name, cpu in large.items():
        ratio = max(cpu - _UNTOLD_MS, 0) / small[name]
        verdict = "" if ratio <= _GROWTH else "  MISSED"
        lines.append(f"  {name:20}{ratio:9.2f}  {_GROWTH}{verdict}")
    return lines


def _line(name: str, cost: Cost, queries: int | None, size: int | None) -> str:
    goal = _GOALS.get(name)
    told = "" if goal is None else f"  {goal} ms{'' if cost.cpu <= goal else '  MISSED'}"
    counts = "".join(f"{'' if count is None else count:>9}" for count in (queries, size))
    return f"  {name:20}{cost.p50:9.2f}{cost.p99:9.2f}{cost.cpu:9.3f}{counts}{told}"


def _step(pid: int, port: int, found: dict[str, Any], requests: int) -> Cost:
    """Send +1 so many times."""
    path = f"/api/library/items/{found['item']}/progress"
    taken = []
    client = http.client.HTTPConnection("127.0.0.1", port)
    _post(client, path, {"by": 1}, found)
    before, began = processor_seconds(pid), time.perf_counter()
    for _request in range(requests):
        started = time.perf_counter()
        _post(client, path, {"by": 1}, found)
        taken.append((time.perf_counter() - started) * 1000)
    cpu = (processor_seconds(pid) - before) / requests * 1000
    taken.sort()
    seconds = time.perf_counter() - began
    return Cost(cpu, requests / seconds, taken[requests // 2], taken[int(requests * 0.99)])


def _bulk(pid: int, port: int, found: dict[str, Any], *, count: int) -> list[str]:
    """Change many items, and take it back."""
    client = http.client.HTTPConnection("127.0.0.1", port)
    page = json.loads(_get(client, "/api/library/items?page_size=1", found))
    first = page["results"][0]["id"]
    ids = list(range(first, 0, -1))[:count] if first > count else list(range(1, count + 1))
    body = {"ids": ids, "set": {"status": "paused", "score": 77, "add_tags": ["many"]}}
    lines = []
    job = ""
    for name, path, sent in (
        ("change of", "/api/library/bulk", body),
        ("undo of", "/api/jobs/{job}/undo", {}),
    ):
        before = processor_seconds(pid)
        answer = json.loads(_post(client, path.format(job=job), sent, found))
        seconds = processor_seconds(pid) - before
        job = str(answer["id"])
        verdict = "" if seconds <= _BULK_SECONDS else "  MISSED"
        lines.append(
            f"  {name} {answer['outcome']['done']:<11}{'':18}{seconds * 1000:9.0f}"
            f"{'':18}  {_BULK_SECONDS} s{verdict}"
        )
    return lines


def _get(client: http.client.HTTPConnection, path: str, found: dict[str, Any]) -> bytes:
    client.request("GET", path, headers={"Authorization": f"Bearer {found['token']}"})
    return client.getresponse().read()


def _post(
    client: http.client.HTTPConnection, path: str, body: dict[str, Any], found: dict[str, Any]
) -> bytes:
    headers = {
        "Authorization": f"Bearer {found['token']}", "Content-Type": "application/json",
    }  # fmt: skip
    client.request("POST", path, json.dumps(body), headers)
    answer = client.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
    return text
