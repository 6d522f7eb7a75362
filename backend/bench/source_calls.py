"""`python -m bench.source_calls REQUESTS` compares calls with and without a budget.

The server is a process of its own. Prints milliseconds a call, and what of the difference is CPU.
"""

import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import django

django.setup()

import httpx  # noqa: E402

from common.outbound.budgets import Limit  # noqa: E402
from common.outbound.calls import BudgetedClient  # noqa: E402
from tests.sources.double import Double, Heard, Said, say_json  # noqa: E402


class _Quick(Double):
    def answer(self, heard: Heard) -> Said:
        return say_json({})


def _serve(link: Connection) -> None:
    with _Quick() as double:
        link.send(double.url)
        link.recv()


def _cost_of(call: Callable[[], object], requests: int) -> tuple[float, float]:
    """Return milliseconds and milliseconds of CPU a call, of the cheapest of three rounds."""
    rounds = []
    for _round in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        for _request in range(requests):
            call()
        seconds = time.perf_counter() - wall, time.process_time() - cpu
        rounds.append((seconds[0] / requests * 1000, seconds[1] / requests * 1000))
    return min(rounds)


def main() -> None:
    requests = int(sys.argv[1])
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,))
    server.start()
    url = ours.recv()
    budgeted = BudgetedClient("bench", {"": (Limit(40, 0.001),)}, trusted=[url])
    with httpx.Client(trust_env=False) as plain:
        of_plain = _cost_of(lambda: plain.get(url), requests)
        of_budgeted = _cost_of(lambda: budgeted.request("GET", url), requests)
    ours.send("end")
    server.join()
    cpu = of_budgeted[1] - of_plain[1]
    print(json.dumps({"plain": of_plain[0], "budgeted": of_budgeted[0], "cpu": cpu}))


if __name__ == "__main__":
    main()
