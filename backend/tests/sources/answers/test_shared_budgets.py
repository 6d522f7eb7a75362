"""Budgets that four processes share, counted by the server that they call."""

import multiprocessing
import os
import threading
from collections.abc import Mapping, Sequence

import pytest
from django.db import connections

from common.outbound.budgets import Limit
from common.outbound.calls import BudgetedClient
from sources.plugins.anilist import AniList
from sources.plugins.mangadex import MangaDex
from tests.sources.double import Double, Heard, Said, say_json

FASTER = 200
PROCESSES = 4
# Which plug-in's limits, what a call counts for, and how many calls each process makes of it.
STREAMS = (
    (AniList, ("",), 75),
    (MangaDex, ("", "at-home"), 75),
    (MangaDex, ("",), 350),
)


class Site(Double):
    """Answers everything at once."""

    def answer(self, heard: Heard) -> Said:
        return say_json({})


def faster(limits: Mapping[str, Sequence[Limit]]) -> dict[str, list[Limit]]:
    """Return the limits that ship, in a time that passes faster."""
    return {
        name: [Limit(limit.calls, limit.seconds / FASTER) for limit in each]
        for name, each in limits.items()
    }


def call_at_once(url: str) -> None:
    """Make all calls of one process, each stream in a thread, and end the process."""
    failed: list[BaseException] = []

    def run(plugin, budgets: tuple[str, ...], calls: int) -> None:
        client = BudgetedClient(
            plugin.name, faster(plugin.limits), trusted=[url], wait_seconds=60, urgent=True
        )
        try:
            for _call in range(calls):
                client.request("GET", f"{url}/{plugin.name}/{budgets[-1]}", budgets=budgets)
        except BaseException as error:  # noqa: BLE001 (the process ends with it)
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=stream) for stream in STREAMS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        print(failed)
    os._exit(len(failed))


@pytest.mark.django_db(transaction=True)
def test_two_thousand_calls_of_four_processes_exceed_no_budget():
    fork = multiprocessing.get_context("fork")
    with Site() as site:
        connections.close_all()  # each process has its own
        processes = [
            fork.Process(target=call_at_once, args=(site.url,)) for _process in range(PROCESSES)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(timeout=120)

        assert [process.exitcode for process in processes] == [0] * PROCESSES
        assert len(site.requests) == 2_000
        for plugin in (AniList, MangaDex):
            for name, limits in faster(plugin.limits).items():
                for limit in limits:
                    path = f"/{plugin.name}/{name}"
                    assert site.most_within(limit.seconds, path) <= limit.calls, (path, limit)


def test_the_real_limits_are_those_that_the_sites_ask_for():
    assert AniList.limits == {"": (Limit(30, 60), Limit(1, 2))}
    assert MangaDex.limits[""] == (Limit(5, 1),)
    assert MangaDex.limits["at-home"] == (Limit(40, 60),)
