"""Whoever sends or reads slowly, or only holds a connection, keeps nobody else waiting."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.processes.installation import Installation

SLOW = 200
PICTURE = "ab/" + "ab" * 32 + ".jpg"
PICTURE_BYTES = 4_000_000  # more than the sockets of both sides hold
MIB = 2**20
POST = "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    """Let this process hold as many sockets as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def picture(server: Installation) -> str:
    path = server.folder / "data" / "media" / PICTURE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(PICTURE_BYTES))
    return f"/media/{PICTURE}"


@contextmanager
def connected(server: Installation, count: int, request: str) -> Iterator[list[socket.socket]]:
    """Send the same to the server over so many connections that receive little at a time."""
    with ExitStack() as stack:
        links = []
        for _ in range(count):
            link = stack.enter_context(socket.socket())
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.settimeout(60)
            link.connect(("127.0.0.1", server.port))
            link.sendall(request.encode())
            links.append(link)
        yield links


def half_a_body(path: str = "/api/auth/token", length: int = 60_000) -> str:
    return f"{POST.format(path=path)}Content-Length: {length}\r\n\r\n{'x' * (length // 2)}"


def statuses(server: Installation, *paths: str) -> list[int]:
    return [httpx.get(server.url + path, timeout=60).status_code for path in paths]


def memory_bytes(server: Installation) -> int:
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1])
             for pid in server.pids_of("granian")]  # fmt: skip
    return sum(pages) * resource.getpagesize()


def test_slow_senders_and_slow_readers_keep_nobody_waiting(server, picture):
    assert statuses(server, "/healthz", "/api/series", picture) == [200] * 3  # warm
    idle = memory_bytes(server)

    with (
        connected(server, SLOW, half_a_body()) as senders,
        connected(server, SLOW, f"GET {picture} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as readers,
    ):
        begun = [reader.recv(1) for reader in readers]
        answered = statuses(server, "/healthz", "/api/series")
        grown = memory_bytes(server) - idle
        given_up = [sender.recv(12) for sender in senders]

    assert answered == [200, 200]
    assert begun == [b"H"] * SLOW
    assert given_up == [b"HTTP/1.1 408"] * SLOW
    assert grown < 150 * MIB


def test_a_thousand_open_browsers_keep_nobody_out(server):
    with connected(server, 1000, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as browsers:
        heard = {browser.recv(12) for browser in browsers}

        answered = statuses(server, "/api/series", "/series/naruto")

    assert heard == {b"HTTP/1.1 200"}
    assert answered == [200, 200]


@pytest.mark.parametrize(
    ("path", "status"), [("/api/auth/token", 413), ("/api/series/naruto/chapters", 401)]
)
def test_who_is_refused_while_still_sending_reads_the_answer(server, path, status):
    length = 20_000_000
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as link:
        link.sendall(f"{POST.format(path=path)}Content-Length: {length}\r\n\r\n".encode())

        link.sendall(bytes(length))  # all of it before a look at the answer, as browsers do

        assert link.recv(12) == f"HTTP/1.1 {status}".encode()


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/auth/token", 413), ("/api/series/naruto/chapters", 401), ("/admin/login/", 413)],
)
def test_a_stranger_fills_no_disk(server, path, status):
    body = half_a_body(path, length=2 * MIB)

    with connected(server, 1, body) as [link]:
        answer = link.recv(12)
        on_disk = server.incoming()

    assert answer == f"HTTP/1.1 {status}".encode()
    assert on_disk == []
