"""Bodies and requests that are too long, too deep, without a length, or for somebody else."""

import json
import socket

import httpx
import pytest

from tests.processes.installation import Installation

LIMIT = 2**20
GET = "GET /api/site HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def raw(server: Installation, *parts: bytes, linger_seconds: float = 0) -> bytes:
    """Send bytes as they are; returns the answer, and what comes within `linger_seconds` of it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as link:
        for one in parts:
            link.sendall(one)
        heard = b""
        try:
            while chunk := link.recv(65536):
                heard += chunk
                head, _, body = heard.partition(b"\r\n\r\n")
                if b"content-length: %d\r\n" % len(body) in head.lower() + b"\r\n":
                    if not linger_seconds:
                        break
                    link.settimeout(linger_seconds)
        except TimeoutError:
            pass
        return heard


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


@pytest.mark.parametrize("path", ["/api/auth/token", "/api/auth/register", "/api/auth/refresh"])
def test_a_long_body_is_refused(server, path):
    body = json.dumps({"username": "x" * LIMIT, "password": "y"})

    answer = httpx.post(
        server.url + path, content=body, headers={"content-type": "application/json"}, timeout=60
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "body",
    ["[" * 500_000, "[" * 100 + "]" * 100, '{"a":' * 1000 + "1" + "}" * 1000,
     '{"username": ' + "[" * 900 + "]" * 900 + "}"],
)  # fmt: skip
def test_a_deep_body_is_refused(server, body):
    answer = httpx.post(
        f"{server.url}/api/auth/token",
        content=body,
        headers={"content-type": "application/json"},
        timeout=60,
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_many_fields_and_many_parts_are_refused(server):
    form = "application/x-www-form-urlencoded"
    part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    answers = [
        httpx.post(
            f"{server.url}/api/auth/token", content=body, headers={"content-type": kind}, timeout=60
        )
        for body, kind in (
            ("a=1&" * 5000, form),
            (part * 3000 + "--x--\r\n", "multipart/form-data; boundary=x"),
        )
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(400, "invalid")] * 2


def test_a_body_in_pieces_is_asked_for_its_length(server):
    answer = httpx.post(
        f"{server.url}/api/auth/token",
        content=iter([b'{"username": "uli", ', b'"password": "x"}']),
        headers={"content-type": "application/json"},
        timeout=60,
    )

    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/login/", 413),
        ("/admin/login/code/", 413),
        ("/admin/reader/upload/add/", 413),
        ("/i18n/setlang/", 413),
        ("/healthz", 413),
        ("/nowhere", 413),
        ("/api/auth/token", 413),
        ("/api/auth/me/avatar", 401),
        ("/api/series/naruto/chapters", 401),
        ("/api/schema", 405),
        ("/api/docs", 405),
        ("/api/nowhere", 404),
    ],
)
def test_a_gigantic_body_is_refused_unread(server, path, status):
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: mangakg_csrf={'a' * 32}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 400000000\r\n\r\n"
    )
    part = '--x\r\nContent-Disposition: form-data; name="file"; filename="1.zip"\r\n\r\n'

    assert status_of(raw(server, head.encode(), part.encode())) == status
    assert list((server.folder / "data" / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 3\r\nContent-Length: 40\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x10\r\n",
        "Content-Length: 3, 40\r\n",
        "Content-Length : 3\r\n",
    ],
)
def test_a_length_that_can_be_read_in_two_ways_is_never_taken(server, head):
    """No second request hides in the body of the first."""
    start = (
        "POST /api/auth/token HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\n{head}\r\n"
    )

    heard = raw(server, start.encode() + b"0\r\n\r\n" + GET.encode(), linger_seconds=1)

    assert status_of(heard) in (400, 411)
    assert b"upload_limits" not in heard


def test_a_flood_of_headers_and_a_long_address_are_refused(server):
    many = "".join(f"X-{number}: a\r\n" for number in range(500))

    heard = raw(server, GET.replace("\r\n\r\n", f"\r\n{many}\r\n").encode())
    long = raw(server, b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")

    assert status_of(heard) in (0, 400, 431)
    assert status_of(long) in (0, 400, 404, 414)
    assert httpx.get(f"{server.url}/healthz", timeout=60).status_code == 200


# --- For whom -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/api/site", "/api/auth/token", "/admin/login/", "/series/x"]
)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1@evil"])
def test_another_host_is_answered_nothing(server, path, host):
    answer = raw(
        server, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    )

    assert status_of(answer) == 400
    assert b"evil" not in answer


def test_a_proxys_word_for_the_host_is_not_taken(server):
    answer = httpx.get(
        f"{server.url}/admin/", headers={"X-Forwarded-Host": "evil.example"}, timeout=60
    )

    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/admin/login/")
    assert "evil" not in str(answer.headers)
