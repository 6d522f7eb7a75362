"""Measures logging in, refreshing tokens, and cached lists for a user who is logged in."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from typing import Any

from accounts.auth.hashers import PasswordHasher
from bench.installation import Installation
from bench.lists import cost_of
from bench.processes import processor_seconds

_CONNECTIONS = 4
_MAX_ADDED_MS = 0.15


def measure_auth(house: Installation, found: dict[str, str], *, requests: int) -> list[str]:
    """Return the lines of one installation; `requests` are those of each list."""
    lines = [f"Authentication on {house.name}"]
    login = {name: found[name] for name in ("username", "password")}
    with house.serve() as (pid, port):
        ask = partial(_post, port)
        logins = requests // 30
        tokens: list[dict[str, str]] = []

        def log_in() -> None:
            tokens.append(ask("/api/auth/token", login))

        def refresh() -> None:
            words = {"refresh_token": tokens.pop(0)["refresh_token"]}
            tokens.append(ask("/api/auth/refresh", words))

        cost = _measure(pid, logins, log_in)
        floor = _hashing_ms(login["password"], rounds=min(logins, 20))
        lines.append(f"  logins     {cost}; hashing alone {floor:.1f} ms")
        lines.append(f"  refreshes  {_measure(pid, logins * 4, refresh)}")
        key = ask(
            "/api/auth/keys",
            {"name": "bench", "scopes": ["read"], "expires_in_days": 1} | login,
            tokens[-1]["access_token"],
        )
        lines += _measure_lists(pid, port, requests, tokens[-1]["access_token"], key["key"])
    return lines


def _measure_lists(pid: int, port: int, requests: int, token: str, key: str) -> list[str]:
    shown = {"nobody": "", "access token": token, "API key": key}
    rounds = [
        {
            who: cost_of(pid, port, "/api/series", requests, token=text)
            for who, text in shown.items()
        }
        for _ in range(3)
    ]
    cpu = {who: min(costs[who].cpu for costs in rounds) for who in shown}
    lines = ["  series list, warm     CPU ms   added   ratio"]
    for who, each in cpu.items():
        added = each - cpu["nobody"]
        goal = ""
        if who == "access token":
            goal = f"   goal {_MAX_ADDED_MS}{'' if added < _MAX_ADDED_MS else '  MISSED'}"
        lines.append(f"    {who:18}{each:8.3f}{added:8.3f}{each / cpu['nobody']:8.2f}{goal}")
    return lines


def _post(port: int, path: str, body: dict[str, Any], token: str = "") -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    if answer.status not in {200, 201}:
        raise ConnectionError(f"{path}: {answer.status} {told.decode(errors='replace')}")
    return json.loads(told)


def _measure(pid: int, count: int, act: Callable[[], object]) -> str:
    act()
    before, began = processor_seconds(pid), time.perf_counter()
    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        for done in [threads.submit(act) for _ in range(count)]:
            done.result()
    seconds = time.perf_counter() - began
    cpu = (processor_seconds(pid) - before) / count * 1000
    return f"{count / seconds:7.1f} req/s, {cpu:.1f} ms of CPU each"


def _hashing_ms(password: str, *, rounds: int) -> float:
    hasher = PasswordHasher()
    encoded = hasher.encode(password, hasher.salt())
    began = time.process_time()
    for _ in range(rounds):
        hasher.verify(password, encoded)
    return (time.process_time() - began) / rounds * 1000
