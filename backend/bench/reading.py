"""Measures "continue reading" of a user who has read much, against a bare view."""

from typing import Any

from bench.installation import Installation
from bench.lists import Cost, cost_of, fetch

_MAX_CPU_MS = 5
_PATH = "/api/reading"


def measure_reading(house: Installation, found: dict[str, Any], *, requests: int) -> list[str]:
    """Return the lines of one installation, in which one user has read all chapters.

    Only one connection is used, so that the percentiles include the database's own time.
    """
    read = house.run("reading_states")
    lines = [
        f"Continue reading on {house.name}, {read['series']} series x {read['chapters']} chapters",
        f"  {'':14}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'bare':>8}{'ratio':>8}  goal",
    ]
    token = found["token"]
    bodies = house.folder / "bodies"
    bodies.mkdir(exist_ok=True)
    with house.serve() as (pid, port):
        (bodies / "reading").write_bytes(fetch(port, _PATH, token=token))
        with house.serve("bench.bare") as (bare_pid, bare_port):
            rounds = [
                (
                    cost_of(bare_pid, bare_port, "/bare/reading", requests, connections=1),
                    cost_of(pid, port, _PATH, requests, token=token, connections=1),
                )
                for _ in range(2)
            ]
    bare, cost = (min(one, key=lambda c: c.cpu) for one in zip(*rounds, strict=True))
    return [*lines, _line(cost, bare)]


def _line(cost: Cost, bare: Cost) -> str:
    verdict = "" if cost.cpu <= _MAX_CPU_MS else "  MISSED"
    return (
        f"  {_PATH:14}{cost.p50:9.2f}{cost.p99:9.2f}{cost.cpu:9.3f}{bare.cpu:8.3f}"
        f"{cost.cpu / bare.cpu:8.2f}  {_MAX_CPU_MS} ms{verdict}"
    )
