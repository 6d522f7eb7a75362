"""A local server that stands in for another site: it remembers what it heard, and fails on demand.

A subclass answers as that site does (`answer`). A test plans faults, which come before:
`double.plan(limited(retry_after=60))`, `double.plan(outage(), times=3, path="/manga")`.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_MAX_BODY_BYTES = 2**20


@dataclass(frozen=True)
class Heard:
    """A request. Names of `headers` are in lower case; `at` is the time of the monotonic clock.

    `connection` is the same for requests that came over one.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    at: float
    connection: int = 0

    def json(self) -> Any:
        """Return the body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def one(self, name: str, default: str = "") -> str:
        """Return the last value of a parameter."""
        return self.query.get(name, [default])[-1]


@dataclass(frozen=True)
class Said:
    """An answer. It breaks off after `cut_at` bytes; one that `is_slow` never gets to its end."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    is_slow: bool = False


Fault = Said | Callable[[Heard], Said]


def say_json(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None, **options: Any
) -> Said:
    """Return an answer in JSON."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Said(status, body, {"Content-Type": "application/json"} | dict(headers or {}), **options)


def limited(**headers: Any) -> Said:
    """Return a 429; `retry_after=60` becomes the header Retry-After."""
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return Said(429, b"Too Many Requests.", {"Content-Type": "text/plain"} | named)


def cloudflare(status: int = 503) -> Said:
    """Return the page that a proxy shows instead of the site."""
    page = b"<!DOCTYPE html><title>Just a moment...</title><h1>Checking your browser</h1>"
    return Said(status, page, {"Content-Type": "text/html; charset=UTF-8", "Server": "cloudflare"})


def cut(body: bytes = b'{"data": {"Page": {"media": [', content_type: str = "") -> Said:
    """Return an answer whose body ends before the length that it told."""
    headers = {"Content-Type": content_type or "application/json"}
    return Said(200, body + b" " * 1000, headers, cut_at=len(body))


def slow() -> Said:
    """Return an answer that sends a byte now and then, and never ends."""
    return Said(200, b" " * 100_000, {"Content-Type": "application/json"}, is_slow=True)


class Double:
    """The server. `limits` are (path prefix, calls, seconds) that it holds by itself with a 429."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Heard] = []
        self.limits: list[tuple[str, int, float]] = []
        self.refused = 0  # for a limit of `limits`
        self._taken: dict[tuple[str, int, float], deque[float]] = {}
        self._faults: list[tuple[str, Fault, int]] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, heard: Heard) -> Said:
        """Answer as the site does."""
        return Said(404, b"nothing is here")

    def addresses(self) -> dict[str, str]:
        """Return the settings that lead here instead of to the site."""
        return {}

    def environment(self) -> dict[str, str]:
        """Return what an installation that uses it by hand has in its environment."""
        return self.addresses()

    def refuse_over_limit(self, heard: Heard, calls: int, seconds: float) -> Said:
        """Answer a request that is over a limit."""
        return limited(retry_after=int(seconds) or 1)

    def plan(self, fault: Fault, *, times: int = 1, path: str = "") -> None:
        """Answer the next `times` requests below `path` with a fault."""
        with self._lock:
            self._faults.append((path, fault, times))

    def paths(self) -> list[str]:
        """Return the paths of the requests, in their order."""
        return [heard.path for heard in self.requests]

    def forget(self) -> None:
        """Forget all requests and planned faults."""
        with self._lock:
            self.requests.clear()
            self._faults.clear()
            self.refused = 0

    def most_within(self, seconds: float, path: str = "") -> int:
        """Return the largest number of requests within any window of this length."""
        times = sorted(heard.at for heard in self.requests if heard.path.startswith(path))
        most = start = 0
        for end, at in enumerate(times):
            while times[start] <= at - seconds:
                start += 1
            most = max(most, end - start + 1)
        return most

    def _respond(self, heard: Heard) -> Said:
        with self._lock:
            over = self._over_limit(heard)
            self.requests.append(heard)
            fault = self._next_fault(heard)
        if fault is not None:
            return fault(heard) if callable(fault) else fault
        return over or self.answer(heard)

    def _over_limit(self, heard: Heard) -> Said | None:
        mine = [limit for limit in self.limits if heard.path.startswith(limit[0])]
        for limit in mine:
            _path, calls, seconds = limit
            taken = self._taken.setdefault(limit, deque(maxlen=calls))
            if len(taken) == calls and taken[0] > heard.at - seconds:
                self.refused += 1
                return self.refuse_over_limit(heard, calls, seconds)
        for limit in mine:
            self._taken[limit].append(heard.at)
        return None

    def _next_fault(self, heard: Heard) -> Fault | None:
        for at, (path, fault, times) in enumerate(self._faults):
            if heard.path.startswith(path):
                self._faults[at : at + 1] = [(path, fault, times - 1)] if times > 1 else []
                return fault
        return None


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


def _handler(double: Double) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 60

        def _take(self) -> None:
            length = min(int(self.headers.get("Content-Length") or 0), _MAX_BODY_BYTES)
            url = urlsplit(self.path)
            heard = Heard(
                self.command,
                url.path,
                parse_qs(url.query, keep_blank_values=True),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
                time.monotonic(),
                self.client_address[1],
            )
            self._say(double._respond(heard))

        do_GET = do_POST = do_HEAD = _take  # noqa: N815 (names of http.server)

        def _say(self, said: Said) -> None:
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            try:
                if said.is_slow:
                    for byte in said.body:
                        self.wfile.write(bytes([byte]))
                        if double._closing.wait(0.05):
                            break
                    self.close_connection = True
                elif said.cut_at is not None:
                    self.wfile.write(said.body[: said.cut_at])
                    self.close_connection = True
                elif self.command != "HEAD":
                    self.wfile.write(said.body)
            except OSError:  # the client has had enough
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
