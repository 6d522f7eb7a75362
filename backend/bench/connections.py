"""Measures the web server: many connections, slow ones, uploads beside readers, and pictures."""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bench.archives import write_large_chapter
from bench.installation import BACKEND, Installation
from bench.lists import cost_of
from bench.processes import memory_bytes

MIB = 2**20
READERS, THOUGHT_SECONDS = 1_000, 5.0
UPLOADS, UPLOAD_MEGABYTES = 5, 92
SLOW_CLIENTS = 200
GOAL_P99_MS, GOAL_RATIO, GOAL_PICTURE_MS = 100, 2, 1.0
_PICTURE_BYTES = 900_000
_BOUNDARY = "bench-boundary-51c0aa"
_NUMBERS = range(90_001, 90_001 + UPLOADS)  # chapter numbers that no library has


def measure_connections(house: Installation, found: dict[str, Any], *, seconds: int) -> list[str]:
    """Return the table: readers alone, and readers beside a constant stream of uploads."""
    lines = [
        f"{READERS} kept-alive readers who think for {THOUGHT_SECONDS:.0f} s, {seconds} s each",
        _heading(),
    ]
    with house.serve() as (pid, port), tempfile.TemporaryDirectory(prefix="mangakg bench ") as name:
        archive = write_large_chapter(Path(name) / "large.zip", UPLOAD_MEGABYTES)
        idle = _read(port, READERS, seconds, THOUGHT_SECONDS, _paths(found))
        lines.append(_line("alone", idle, idle))
        with _uploading(port, found, archive) as taken:
            busy = _read(port, READERS, seconds, THOUGHT_SECONDS, _paths(found))
        lines.append(_line(f"{UPLOADS} uploads at a time", busy, idle))
        lines.append(
            f"  {len(taken)} uploads of {archive.stat().st_size // MIB} MiB were taken; "
            f"the web processes held at most {_peak_mib(pid)} MiB"
        )
    return lines


def measure_slow_clients(house: Installation, found: dict[str, Any], *, seconds: int) -> list[str]:
    """Return the table: 50 readers alone, and beside slow senders and slow readers."""
    lines = [f"{SLOW_CLIENTS} slow senders and {SLOW_CLIENTS} slow readers", _heading()]
    picture = _make_picture(house)
    with house.serve() as (pid, port):
        paths = ["/healthz", *_paths(found)]
        idle = _read(port, 50, seconds, 0.5, paths)
        lines.append(_line("50 readers alone", idle, idle))
        before = sum(memory_bytes(pid, "VmRSS").values())
        with _slow_clients(port, picture):
            busy = _read(port, 50, seconds, 0.5, paths)
            grown = sum(memory_bytes(pid, "VmRSS").values()) - before
        lines.append(_line("beside the slow ones", busy, idle))
        lines.append(f"  the slow ones cost {grown / MIB:.0f} MiB of memory")
    return lines


def measure_pictures(house: Installation, *, requests: int) -> list[str]:
    """Return one line: a picture's processor time beside that of a bare view of 20 KB."""
    picture = _make_picture(house)
    bodies = house.folder / "bodies"
    bodies.mkdir(exist_ok=True)
    (bodies / "small").write_bytes(secrets.token_bytes(20_000))
    with house.serve() as (pid, port), house.serve("bench.bare") as (bare_pid, bare_port):
        rounds = [
            (
                cost_of(pid, port, picture, requests),
                cost_of(bare_pid, bare_port, "/bare/small", requests),
            )
            for _ in range(3)
        ]
    ours, bare = (min(each.cpu for each in costs) for costs in zip(*rounds, strict=True))
    return [
        f"A public picture of {_PICTURE_BYTES / 1e6:.1f} MB: {ours:.2f} ms of CPU, a bare view"
        f" {bare:.2f} ms; goal {GOAL_PICTURE_MS}{_verdict(ours <= GOAL_PICTURE_MS)}"
    ]


def _paths(found: dict[str, Any]) -> list[str]:
    return ["/api/series", f"/api/chapters/{found['chapter']}"]


def _read(
    port: int, connections: int, seconds: float, thought: float, paths: Sequence[str]
) -> dict[str, float]:
    words = [str(one) for one in (port, connections, seconds, thought)]
    result = subprocess.run(
        [sys.executable, "-m", "bench.readers", *words, *paths],
        cwd=BACKEND,
        stdout=subprocess.PIPE,
        check=True,
    )
    seen: dict[str, float] = json.loads(result.stdout)
    return seen


def _heading() -> str:
    return f"  {'':24}{'answers':>9}{'errors':>8}{'p50 ms':>9}{'p99 ms':>9}{'ratio':>8}"


def _line(name: str, seen: dict[str, float], idle: dict[str, float]) -> str:
    ratio = seen["p99"] / idle["p99"]
    is_met = not seen["errors"] and seen["p99"] <= GOAL_P99_MS and ratio <= GOAL_RATIO
    return (
        f"  {name:24}{seen['answers']:9.0f}{seen['errors']:8.0f}{seen['p50']:9.1f}"
        f"{seen['p99']:9.1f}{ratio:8.2f}{_verdict(is_met)}"
    )


def _verdict(is_met: bool) -> str:
    return "" if is_met else "  MISSED"


def _peak_mib(pid: int) -> int:
    return sum(memory_bytes(pid, "VmHWM").values()) // MIB


def _make_picture(house: Installation) -> str:
    name = f"ab/{secrets.token_hex(32)}.jpg"
    path = house.folder / "media" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(_PICTURE_BYTES))
    return f"/media/{name}"


# --- Uploads ------------------------------------------------------------------------------------


@contextmanager
def _uploading(port: int, found: dict[str, Any], archive: Path) -> Iterator[list[int]]:
    """Keep uploads coming, each to a chapter of its own; yield the statuses of finished ones.

    The first upload of each chapter is stored; the next ones are received and refused as the same
    bytes.
    """
    stop = threading.Event()
    taken: list[int] = []

    def send(number: int) -> None:
        while not stop.is_set():
            taken.append(_upload(port, found, archive, number))

    threads = [threading.Thread(target=send, args=(number,)) for number in _NUMBERS]
    for thread in threads:
        thread.start()
    try:
        yield taken
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    wrong = set(taken) - {202, 409}
    if wrong:
        raise RuntimeError(f"uploads were answered with {wrong}")


def _upload(port: int, found: dict[str, Any], archive: Path, number: int) -> int:
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="number"\r\n\r\n{number}\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="large.zip"\r\n'
        "Content-Type: application/zip\r\n\r\n"
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
    connection = HTTPConnection("127.0.0.1", port, timeout=600)
    connection.putrequest("POST", f"/api/series/{found['slug']}/chapters")
    connection.putheader("Authorization", f"Bearer {found['token']}")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
    connection.putheader("Content-Length", str(len(head) + archive.stat().st_size + len(tail)))
    connection.endheaders(head)
    with archive.open("rb") as file:
        connection.sock.sendfile(file)
    connection.send(tail)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


# --- Slow clients -------------------------------------------------------------------------------


@contextmanager
def _slow_clients(port: int, picture: str) -> Iterator[None]:
    """Hold half-sent bodies and half-read pictures, and advance each a little every second."""
    senders, readers = [], []
    for _ in range(SLOW_CLIENTS):
        sender = socket.create_connection(("127.0.0.1", port))
        sender.sendall(
            b"POST /api/auth/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n"
            b"Content-Type: application/json\r\n\r\n" + b" " * 30_000
        )
        senders.append(sender)
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", port))
        reader.sendall(f"GET {picture} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        readers.append(reader)
    stop = threading.Event()

    def trickle() -> None:
        while not stop.wait(1):
            for sender in senders:
                sender.sendall(b" ")
            for reader in readers:
                reader.recv(100)

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for each in (*senders, *readers):
            each.close()
