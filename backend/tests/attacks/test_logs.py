"""What was typed, given out or sent never stands in a log, however much is logged."""

import re
from typing import Any

import httpx

from tests.cast import PASSWORD, totp_code
from tests.processes.installation import Installation
from tests.services import wait_for
from tests.smtp import text_of

NAME, EMAIL = "salima", "salima.secret@example.test"
NEW_PASSWORD = "a-yurt-on-the-jailoo"
WRONG = "wrong-guess-of-a-password"


def test_no_secret_stands_in_a_log(server: Installation) -> None:
    secrets = {"password": PASSWORD, "new": NEW_PASSWORD, "wrong": WRONG, "e-mail": EMAIL}
    with httpx.Client(base_url=server.url, timeout=60) as client:

        def post(path: str, expected: int, body: dict[str, Any], **options: Any) -> Any:
            answer = client.post(path, json=body, **options)
            assert answer.status_code == expected, (path, answer.text)
            for cookie in answer.headers.get_list("set-cookie"):
                secrets[f"cookie of {path}"] = cookie.partition("=")[2].partition(";")[0]
            return answer.json() if answer.content else None

        form = {"username": NAME, "password": PASSWORD}
        post("/api/auth/register", 201, form | {"email": EMAIL})
        secrets["confirmation"] = key_from(server, "confirm")
        post("/api/auth/email/confirm", 200, {"key": secrets["confirmation"]})
        post("/api/auth/token", 401, form | {"password": WRONG})
        tokens = post("/api/auth/token", 200, form)
        secrets["access"], secrets["refresh"] = tokens["access_token"], tokens["refresh_token"]
        tokens = post("/api/auth/refresh", 200, {"refresh_token": tokens["refresh_token"]})
        secrets["next access"], secrets["next refresh"] = (
            tokens["access_token"], tokens["refresh_token"],
        )  # fmt: skip
        login = {"headers": {"Authorization": f"Bearer {tokens['access_token']}"}}
        made = {"name": "mine", "scopes": ["read"], "expires_in_days": 1, "password": PASSWORD}
        secrets["key"] = post("/api/auth/keys", 201, made, **login)["key"]
        key = {"Authorization": f"Bearer {secrets['key']}"}
        assert client.get("/api/titles?scope=mine", headers=key).status_code < 500
        started = post("/api/auth/second-factor", 200, {"password": PASSWORD}, **login)
        secrets["totp"], secrets["enrolment"] = started["secret"], started["enrolment"]
        code = totp_code(started["secret"])
        confirmed = post(
            "/api/auth/second-factor/confirm", 200,
            {"enrolment": started["enrolment"], "code": code}, **login,
        )  # fmt: skip
        secrets |= {f"recovery {n}": c for n, c in enumerate(confirmed["recovery_codes"])}
        recovery = confirmed["recovery_codes"][0]
        tokens = post("/api/auth/token", 200, form | {"code": recovery, "cookie": True})
        post("/api/auth/password/reset", 204, {"email": EMAIL})
        secrets["reset"] = key_from(server, "reset")
        post(
            "/api/auth/password/reset/confirm", 204,
            {"key": secrets["reset"], "password": NEW_PASSWORD},
        )  # fmt: skip
        # What fails is logged most: bodies, headers and queries that nothing expects.
        assert client.get(f"/files/x?signature={secrets['key']}").status_code == 404
        assert client.post("/admin/login/", data=form).status_code == 403

    written = server.logs()
    assert "user.registered" in written  # they are being read at all
    told = {name for name, secret in secrets.items() if len(secret) >= 6 and secret in written}
    assert told == set()


def key_from(server: Installation, page: str) -> str:
    """Read the link of an email to her, as soon as the worker has written it."""

    def find() -> str | None:
        hers = "\n".join(text_of(mail) for mail in server.mails() if mail["To"] == EMAIL)
        found = re.findall(rf"https://manga\.example/{page}#([\w.:=-]+)", hers)
        return str(found[-1]) if found else None

    return wait_for(f"the email with the link to {page}", find)
