"""Plays many readers: `python -m bench.readers PORT CONNECTIONS SECONDS THOUGHT PATH...`

Each has a kept-alive connection, requests the paths in turn and pauses for THOUGHT seconds after
each answer, for SECONDS in all. One thread over plain sockets. Prints the numbers of answers and of
errors, and percentiles in milliseconds.
"""

import heapq
import json
import resource
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from itertools import cycle

_PATIENCE_SECONDS = 30


class _Reader:
    def __init__(self, port: int, paths: Sequence[str]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS)
        self.asked = 0.0
        self._paths = cycle(paths)
        self._received, self._left = b"", -1

    def ask(self) -> None:
        self._received, self._left = b"", -1
        self.asked = time.perf_counter()
        request = f"GET {next(self._paths)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        self.socket.sendall(f"{request}Accept-Encoding: gzip\r\n\r\n".encode())

    def is_answered(self) -> bool:
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionError("closed")
        if self._left >= 0:
            self._left -= len(piece)
            return self._left == 0
        self._received += piece
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return False
        if b" 200 " not in head[:16]:
            raise ConnectionError(head.decode(errors="replace"))
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        self._left = int(fields[b"content-length"]) - len(body)
        return self._left == 0


def read(
    port: int, connections: int, seconds: float, thought: float, paths: Sequence[str]
) -> dict[str, float]:
    """Run the readers; return answers, errors, p50 and p99."""
    selector = selectors.DefaultSelector()
    taken: list[float] = []
    errors = 0
    began = time.perf_counter()
    # Their beginnings are spread over one pause.
    due = [(began + thought * number / connections, number) for number in range(connections)]
    readers: dict[int, _Reader] = {}
    waiting: set[int] = set()
    while due or waiting:
        now = time.perf_counter()
        while due and due[0][0] <= now:
            _moment, number = heapq.heappop(due)
            try:
                if number not in readers:
                    readers[number] = _Reader(port, paths)
                    selector.register(readers[number].socket, selectors.EVENT_READ, number)
                readers[number].ask()
            except OSError:
                errors += 1
            else:
                waiting.add(number)
        for key, _events in selector.select(max(0.0, due[0][0] - now) if due else 1.0):
            number = key.data
            try:
                if number in waiting and not readers[number].is_answered():
                    continue
            except OSError:
                errors += 1
                selector.unregister(key.fileobj)
                waiting.discard(number)
                continue
            now = time.perf_counter()
            if number in waiting:
                waiting.discard(number)
                taken.append((now - readers[number].asked) * 1000)
                if now + thought < began + seconds:
                    heapq.heappush(due, (now + thought, number))
        if time.perf_counter() > began + seconds + _PATIENCE_SECONDS:
            errors += len(waiting)
            break
    taken.sort()
    return {
        "answers": len(taken),
        "errors": errors,
        "p50": taken[len(taken) // 2],
        "p99": taken[int(len(taken) * 0.99)],
    }


if __name__ == "__main__":
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port, connections, seconds, thought, *paths = sys.argv[1:]
    print(json.dumps(read(int(port), int(connections), float(seconds), float(thought), paths)))
