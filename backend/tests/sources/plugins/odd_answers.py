"""Answers that are not what an API promises: each value of a good one replaced by an odd one."""

import copy
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, -1, 10**25, 1.5, "", "\x00\u202e<script>alert(1)</script>", "x" * 30_000, [], {},
    [None, 7, {"id": {}}], {"id": ["x"]},
)  # fmt: skip


def odd_answers(answer: Any) -> Iterator[Any]:
    """Yield copies of the answer that each have one value replaced."""
    for path in _paths(answer):
        for odd in ODD:
            changed = copy.deepcopy(answer)
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = odd
            yield changed


def _paths(value: Any) -> Iterator[list[Any]]:
    steps = enumerate(value) if isinstance(value, list) else value.items()
    for step, inner in steps:
        yield [step]
        if isinstance(inner, list | dict):
            yield from ([step, *rest] for rest in _paths(inner))
