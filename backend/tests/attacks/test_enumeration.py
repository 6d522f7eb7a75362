"""Nobody learns whether somebody has an account: not by status, not by text, not by time."""

import itertools
import random
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.attacks.settings import VICTIMS
from tests.processes.installation import Installation

TRIES = 200
# Of two equal distributions 0.5; 200 tries each scatter around it by 0.03. Were one answer slower
# by a hash or an email, it would be near 0 or 1.
ALIKE = (0.35, 0.65)

_numbers = itertools.count()
Ask = Callable[[httpx.Client, bool], httpx.Response]


def try_password(client: httpx.Client, is_somebody: bool) -> httpx.Response:
    number = next(_numbers) % VICTIMS
    name = f"victim{number}" if is_somebody else f"nobody{number}"
    return client.post("/api/auth/token", data={"username": name, "password": "a wrong one"})


def try_password_of_address(client: httpx.Client, is_somebody: bool) -> httpx.Response:
    return client.post(
        "/api/auth/token", data={"username": address(is_somebody), "password": "a wrong one"}
    )


def register(client: httpx.Client, is_somebody: bool) -> httpx.Response:
    form = {
        "username": f"fresh{next(_numbers)}",
        "email": address(is_somebody),
        "password": "felt-rug-shyrdak",
    }
    return client.post("/api/auth/register", json=form)


def reset(client: httpx.Client, is_somebody: bool) -> httpx.Response:
    return client.post("/api/auth/password/reset", json={"email": address(is_somebody)})


def address(is_somebody: bool) -> str:
    number = next(_numbers) % VICTIMS
    return f"{'victim' if is_somebody else 'nobody'}{number}@example.test"


def what_is_told(answer: httpx.Response) -> Any:
    """The answer without what is new in each."""
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        own = ("id", "username", "email", "pending_email", "created_at")
        body = {name: value for name, value in body.items() if name not in own}
    changing = ("date", "x-request-id", "set-cookie", "content-length")
    headers = {name: value for name, value in answer.headers.items() if name not in changing}
    return answer.status_code, body, headers, sorted(answer.cookies)


def chance_that_first_is_slower(first: list[float], second: list[float]) -> float:
    """Mann and Whitney's U as a share of all pairs."""
    pairs = [(a > b) + (a == b) / 2 for a in first for b in second]
    return sum(pairs) / len(pairs)


@pytest.mark.parametrize("ask", [try_password, try_password_of_address, register, reset])
def test_somebody_and_nobody_are_answered_alike(server: Installation, ask: Ask) -> None:
    told: dict[bool, list[Any]] = {True: [], False: []}
    seconds: dict[bool, list[float]] = {True: [], False: []}
    order = random.Random(7)

    with httpx.Client(base_url=server.url, timeout=60) as client:
        for _warm_up in range(5):
            ask(client, True)
            ask(client, False)
        for _try in range(TRIES):
            for is_somebody in order.sample([True, False], 2):
                started = time.perf_counter()
                answer = ask(client, is_somebody)
                seconds[is_somebody].append(time.perf_counter() - started)
                told[is_somebody].append(what_is_told(answer))
                client.cookies.clear()

    first = told[True][0]
    assert first[0] in (201, 204, 401)
    assert all(one == first for one in told[True] + told[False])
    assert ALIKE[0] < chance_that_first_is_slower(seconds[True], seconds[False]) < ALIKE[1]


def test_a_private_profile_is_answered_like_none(server: Installation, victim: str) -> None:
    with server.client(victim) as owner:
        changed = owner.patch("/api/auth/me", json={"visibility": "private"})
        assert changed.status_code == 200

    with server.client() as anybody, server.client("rina") as rina:
        for client in (anybody, rina):
            hidden, missing = (
                client.get(f"/api/users/{name}") for name in (victim, "nobody-at-all")
            )
            assert hidden.status_code == 404
            assert hidden.json() == missing.json()
