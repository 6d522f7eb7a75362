"""Headers of somebody who may, and the rest of the body when they may not any more."""

import json
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.attacks.test_tokens import log_in
from tests.cast import PASSWORD
from tests.processes.installation import SERIES, Installation
from tests.reader.archive_builders import make_chapter_zip
from tests.services import wait_for
from tests.smtp import text_of

JSON = "application/json"


@contextmanager
def held_back(
    server: Installation, path: str, token: str, body: bytes, content_type: str = JSON
) -> Iterator[socket.socket]:
    """Send all of a request but its last bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as link:
        link.sendall(head.encode() + body[:-4])
        yield link


def send_rest(link: socket.socket, body: bytes) -> tuple[int, str]:
    """Send the last bytes; returns the status and the code of the answer."""
    link.sendall(body[-4:])
    heard = b""
    while chunk := link.recv(65536):
        heard += chunk
    head, _, answer = heard.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), json.loads(answer).get("code", "")


def reset_by_mail(server: Installation, name: str) -> None:
    """Do what an owner does who learns that somebody else is in."""
    address = f"{name}@example.test"
    with httpx.Client(base_url=server.url, timeout=60) as client:
        client.post("/api/auth/password/reset", json={"email": address})

        def find_key() -> str | None:
            texts = "".join(text_of(mail) for mail in server.mails() if mail["To"] == address)
            found = re.search(r"/reset#([\w.:=-]+)", texts)
            return found and found[1]

        form = {"key": wait_for("the email", find_key), "password": secrets.token_urlsafe()}
        assert client.post("/api/auth/password/reset/confirm", json=form).status_code == 204


@pytest.mark.parametrize(
    ("path", "form", "left"),
    [
        (
            "/api/auth/keys",
            {"name": "mine", "scopes": ["read"], "expires_in_days": None, "password": PASSWORD},
            "SELECT k.name FROM accounts_apikey k JOIN accounts_user u ON u.id = k.user_id",
        ),
        (
            "/api/auth/email/change",
            {"email": "thief@example.test", "password": PASSWORD},
            "SELECT a.email FROM account_emailaddress a JOIN accounts_user u ON u.id = a.user_id"
            " AND NOT a.verified",
        ),
    ],
    ids=["a key", "another address"],
)
def test_a_thief_gets_nothing_after_the_owners_reset(server, victim, path, form, left):
    token, body = log_in(server, victim)["access_token"], json.dumps(form).encode()

    with held_back(server, path, token, body) as link:
        reset_by_mail(server, victim)
        answer = send_rest(link, body)

    assert answer == (401, "invalid_token")
    assert server.rows(f"{left} WHERE u.username = '{victim}'") == []


def test_a_zip_that_comes_after_the_ban_is_refused(server, act):
    """Longer than what is read before anything else, so that its sender is let in first."""
    pages = make_chapter_zip(2, extra_files={"Thumbs.db": secrets.token_bytes(3 * 2**20)})
    body = (
        b'--x\r\nContent-Disposition: form-data; name="number"\r\n\r\n900\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="c.zip"\r\n\r\n'
        + pages
        + b"\r\n--x--\r\n"
    )
    token, path = log_in(server, "boris")["access_token"], f"/api/series/{SERIES}/chapters"

    with held_back(server, path, token, body, "multipart/form-data; boundary=x") as link:
        act(
            "from accounts.models import User; from accounts.roles.bans import ban_user\n"
            "ban_user(User.objects.get(username='boris'),"
            " moderator=User.objects.get(username='mo'), reason='spam')"
        )
        answer = send_rest(link, body)

    assert answer == (403, "banned")
    assert (
        server.rows(
            "SELECT p.id FROM reader_upload p JOIN accounts_user u ON u.id = p.uploader_id"
            " WHERE u.username = 'boris'"
        )
        == []
    )
