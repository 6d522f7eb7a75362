"""A client with kept-alive connections: `python -m bench.load PORT CONNECTIONS REQUESTS PATH TOKEN`

One thread over plain sockets, so that it costs the machine less than the server does. `{n}` in
the path becomes another number in every request, `{words}` the next line of standard input; an
empty TOKEN is a guest. Prints requests a second and percentiles.
"""

import itertools
import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from urllib.parse import quote


class _Connection:
    """One socket: sends a request, reads the answer to its end by Content-Length."""

    def __init__(self, port: int, token: str) -> None:
        self._token = f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.started = 0.0
        self._received = b""
        self._left = -1

    def ask(self, path: str) -> None:
        """Send the next request."""
        self._received, self._left = b"", -1
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n{self._token}\r\n"
        )
        self.started = time.perf_counter()
        self.socket.sendall(request.encode())

    def is_answered(self) -> bool:
        """Read what has come; return True once the answer is whole. Raises for others than 200."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionError("the server closed the connection")
        if self._left < 0:
            self._received += piece
            head, end, body = self._received.partition(b"\r\n\r\n")
            if not end:
                return False
            if b" 200 " not in head[:16]:
                raise ConnectionError(head.decode(errors="replace"))
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            self._left = int(fields[b"content-length"]) - len(body)
        else:
            self._left -= len(piece)
        return self._left == 0


def addresses(path: str) -> Iterator[str]:
    """Yield the path for one request after the other."""
    for number in itertools.count(time.time_ns()):
        words = quote(sys.stdin.readline().strip()) if "{words}" in path else ""
        yield path.replace("{n}", str(number)).replace("{words}", words)


def measure(port: int, connections: int, requests: int, path: str, token: str) -> dict[str, float]:
    """Send all requests; times in milliseconds."""
    selector = selectors.DefaultSelector()
    paths = addresses(path)
    taken: list[float] = []
    sent = 0
    began = time.perf_counter()
    for _ in range(connections):
        connection = _Connection(port, token)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask(next(paths))
        sent += 1
    while len(taken) < requests:
        for key, _events in selector.select(timeout=30):
            connection = key.data
            if not connection.is_answered():
                continue
            taken.append((time.perf_counter() - connection.started) * 1000)
            if sent < requests:
                connection.ask(next(paths))
                sent += 1
    seconds = time.perf_counter() - began
    taken.sort()
    return {
        "per_second": len(taken) / seconds,
        "p50": taken[len(taken) // 2],
        "p99": taken[int(len(taken) * 0.99)],
    }


if __name__ == "__main__":
    port, connections, requests, path, token = sys.argv[1:]
    print(json.dumps(measure(int(port), int(connections), int(requests), path, token)))
