"""`make bench` measures what the most used paths cost, as ratios inside one run.

`python -m bench [extraction memory lists ...] [--quick] [--seconds 60]`; see docs/performance.md.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.auth import measure_auth
from bench.connections import measure_connections, measure_pictures, measure_slow_clients
from bench.extraction import measure_extraction, measure_growth
from bench.idle import measure_idle_worker
from bench.installation import BACKEND, LONG_SERIES_CHAPTERS, Installation, find_services
from bench.libraries import measure_libraries
from bench.lists import measure_lists
from bench.memory import measure_memory
from bench.reading import measure_reading
from bench.sources import measure_sources
from bench.web import measure_web

_OF_SERVER = ("connections", "slow-clients", "pictures")
SECTIONS = (
    "extraction", "memory", "lists", "auth", "reading", "library", "growth", "search", "idle",
    "web", "sources",
    *_OF_SERVER,
)  # fmt: skip


def main() -> None:
    """Run the sections asked for, each printed as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, rougher figures")
    parser.add_argument(
        "--seconds", type=int, default=60, help="how long the readers of connections read (60)"
    )
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    wanted = options.sections or SECTIONS
    _print(
        [f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"]
    )
    if {"extraction", "memory", "growth"} & set(wanted):
        with _installed(0, 0) as (empty, found):
            if "extraction" in wanted:
                _print(measure_extraction(empty, pages=12 if options.quick else 60))
            if "memory" in wanted:
                megabytes = 60 if options.quick else 500
                _print(measure_memory(empty, found["token"], megabytes=megabytes))
            if {"growth", "lists"} & set(wanted):
                _measure_full(wanted, empty, quick=options.quick)
    elif "lists" in wanted:
        _measure_full(wanted, None, quick=options.quick)
    if "auth" in wanted:
        _measure_auth(quick=options.quick)
    if "reading" in wanted:
        _measure_reading(quick=options.quick)
    if "library" in wanted:
        _measure_libraries(quick=options.quick)
    if "sources" in wanted:
        _measure_sources(quick=options.quick)
    if "search" in wanted:
        _search(quick=options.quick)
    if "idle" in wanted:
        with Installation() as house:
            _print(measure_idle_worker(house, house.run("idle_library")))
    _measure_server(wanted, seconds=options.seconds, quick=options.quick)


def _measure_full(wanted: Iterable[str], empty: Installation | None, *, quick: bool) -> None:
    size = (1_000, 10_000) if quick else (10_000, 100_000)
    with _installed(*size) as (full, found):
        if empty is not None and "growth" in wanted:
            _print(measure_growth(empty, full, pages=12))
        if "lists" in wanted:
            _print(measure_lists(full, found, requests=400 if quick else 3_000))
    if "lists" not in wanted:
        return
    services = find_services()
    if services is None:
        _print(["Lists on PostgreSQL: not measured, no PostgreSQL and Redis answer"])
        return
    with _installed(*size, *services) as (full, found):
        _print(measure_lists(full, found, requests=400 if quick else 3_000))


def _measure_auth(*, quick: bool) -> None:
    for services in (("", ""), find_services()):
        if services is None:
            _print(["Authentication on PostgreSQL: not measured, no PostgreSQL and Redis answer"])
            return
        with _installed(1_000, 10_000, *services) as (house, found):
            _print(measure_auth(house, found, requests=600 if quick else 6_000))


def _measure_server(wanted: Iterable[str], *, seconds: int, quick: bool) -> None:
    if "web" in wanted:
        for lines in measure_web(quick=quick):
            _print(lines)
    if not set(_OF_SERVER) & set(wanted):
        return
    seconds = min(seconds, 10) if quick else seconds
    with _installed(1_000, 10_000) as (house, found):
        if "connections" in wanted:
            _print(measure_connections(house, found, seconds=seconds))
        if "slow-clients" in wanted:
            _print(measure_slow_clients(house, found, seconds=seconds))
        if "pictures" in wanted:
            _print(measure_pictures(house, requests=200 if quick else 2_000))


def _measure_reading(*, quick: bool) -> None:
    # (series, chapters of each): 10,000 read chapters of one user, deep and wide.
    shapes = ((10, 100), (100, 10)) if quick else ((10, 1_000), (1_000, 10))
    for services in (("", ""), find_services()):
        if services is None:
            _print(["Continue reading on PostgreSQL: not measured, no PostgreSQL and Redis answer"])
            return
        for series, chapters in shapes:
            size = (series, series * chapters)
            with _installed(*size, *services, longest=chapters) as (house, found):
                _print(measure_reading(house, found, requests=200 if quick else 2_000))


def _measure_libraries(*, quick: bool) -> None:
    # The titles of one user, and how many others keep how many; and a tenth of it all.
    large = (5_000, 100, 50) if quick else (50_000, 1_000, 500)
    small = (large[0] // 10, large[1] // 10, large[2] // 10)
    for services in (("", ""), find_services()):
        if services is None:
            _print(["Library on PostgreSQL: not measured, no PostgreSQL and Redis answer"])
            return
        _print(measure_libraries(services, sizes=(small, large), requests=100 if quick else 200))


def _measure_sources(*, quick: bool) -> None:
    for services in (("", ""), find_services()):
        if services is None:
            _print(["Sources on PostgreSQL: not measured, no PostgreSQL and Redis answer"])
            return
        requests, answers = (100, 5) if quick else (1_000, 20)
        _print(measure_sources(services, requests=requests, answers=answers))


@contextmanager
def _installed(
    titles: int,
    chapters: int,
    database_url: str = "",
    redis_url: str = "",
    *,
    longest: int = LONG_SERIES_CHAPTERS,
) -> Iterator[tuple[Installation, Any]]:
    with Installation(database_url=database_url, redis_url=redis_url) as house:
        yield house, house.run("library", str(titles), str(chapters), str(longest))


def _search(*, quick: bool) -> None:
    _print(["Search alone, against what else could be done"])
    size = ("1000", "3000") if quick else ("10000", "30000")
    with tempfile.TemporaryDirectory(prefix="mangakg bench ") as folder:
        subprocess.run(
            [sys.executable, "-m", "bench.search", "--titles", size[0], "--names", size[1]],
            cwd=BACKEND,
            env=os.environ | {"MANGAKG_DATA": folder, "DATABASE_URL": "", "REDIS_URL": ""},
            check=True,
        )


def _print(lines: Iterable[str]) -> None:
    print("\n".join(lines), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
