"""Runs functions at the same moment, each in a thread with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections


def run_at_once(*functions: Callable[[], Any]) -> list[Any]:
    """Start all functions together; return what each returned, or the error that it raised."""
    barrier = threading.Barrier(len(functions))

    def run(function: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=120)
            return function()
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(functions)) as threads:
        return list(threads.map(run, functions))
