"""Tokens that are used, over, stolen, forged or somebody else's."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cast import PASSWORD
from tests.processes.installation import Installation

# Through DRF, and before it.
DOORS = ("/api/auth/me", "/api/titles", "/api/series/naruto", "/api/titles?scope=mine")


def log_in(server: Installation, name: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{server.url}/api/auth/token", data={"username": name, "password": PASSWORD}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def refresh(server: Installation, token: str) -> httpx.Response:
    return httpx.post(f"{server.url}/api/auth/refresh", json={"refresh_token": token}, timeout=120)


def statuses(server: Installation, token: str) -> list[int]:
    headers = {"Authorization": f"Bearer {token}".strip()}
    with httpx.Client(base_url=server.url, headers=headers, timeout=120) as client:
        return [client.get(door).status_code for door in DOORS]


def let_a_minute_pass(act: Callable[[str], None]) -> None:
    """A used token is answered once more within it; see `accounts.auth.sessions.REUSE_SECONDS`."""
    act(
        "from datetime import timedelta; from django.db.models import F\n"
        "from accounts.models import Session\n"
        "Session.objects.update(refreshed_at=F('refreshed_at') - timedelta(seconds=60))"
    )


def test_a_used_refresh_token_ends_its_whole_family(server, victim, act):
    stolen = log_in(server, victim)
    owners = refresh(server, stolen["refresh_token"]).json()
    assert statuses(server, owners["access_token"]) == [200] * 4
    let_a_minute_pass(act)

    replayed = refresh(server, stolen["refresh_token"])

    assert (replayed.status_code, replayed.json()["code"]) == (401, "invalid_token")
    assert refresh(server, owners["refresh_token"]).status_code == 401
    for token in (stolen["access_token"], owners["access_token"]):
        assert statuses(server, token) == [401] * 4


def test_fifty_at_once_with_one_token_get_one_and_the_same(server, victim):
    token = log_in(server, victim)["refresh_token"]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _n: refresh(server, token), range(50)))

    assert {answer.status_code for answer in answers} == {200}
    [following] = {answer.json()["refresh_token"] for answer in answers}
    # Once that one is used, or the minute is over, the family ends for whoever comes with the old.
    served = refresh(server, following).json()
    assert refresh(server, token).status_code == 401
    assert refresh(server, served["refresh_token"]).status_code == 401
    assert statuses(server, served["access_token"]) == [401] * 4


def test_a_ban_holds_at_the_next_request(server, victim, act):
    tokens = log_in(server, victim)
    assert statuses(server, tokens["access_token"]) == [200] * 4

    act(
        "from accounts.models import User; from accounts.roles.bans import ban_user\n"
        f"ban_user(User.objects.get(username='{victim}'),"
        " moderator=User.objects.get(username='mo'), reason='spam')"
    )

    assert set(statuses(server, tokens["access_token"])) <= {401, 403}
    assert refresh(server, tokens["refresh_token"]).status_code in (401, 403)
    form = {"username": victim, "password": PASSWORD}
    again = httpx.post(f"{server.url}/api/auth/token", data=form, timeout=60)
    assert (again.status_code, again.json()["code"]) == (403, "banned")


def test_a_new_password_ends_every_other_device(server, victim):
    thief, owner = log_in(server, victim), log_in(server, victim)

    changed = httpx.post(
        f"{server.url}/api/auth/password/change",
        json={"old_password": PASSWORD, "new_password": "a-yurt-on-the-jailoo"},
        headers={"Authorization": f"Bearer {owner['access_token']}"},
        timeout=60,
    )

    assert changed.status_code == 200, changed.text
    assert statuses(server, thief["access_token"]) == [401] * 4
    assert refresh(server, thief["refresh_token"]).status_code == 401
    assert statuses(server, owner["access_token"]) == [401] * 4
    assert statuses(server, changed.json()["access_token"]) == [200] * 4


def test_logging_out_ends_both_tokens(server, victim):
    tokens = log_in(server, victim)

    old = {"refresh_token": tokens["refresh_token"]}
    httpx.post(f"{server.url}/api/auth/logout", json=old, timeout=60)

    assert statuses(server, tokens["access_token"]) == [401] * 4
    assert refresh(server, tokens["refresh_token"]).status_code == 401


# --- Forged -------------------------------------------------------------------------------------


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(server: Installation, real: str) -> dict[str, str]:
    claims = jwt.decode(real, options={"verify_signature": False})
    secret = server.extra_env["SECRET_KEY"].encode()
    key = hmac.new(secret, b"access tokens", hashlib.sha256).digest()
    head, body, signature = real.split(".")
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = int(time.time())
    jwt.decode(real, key, algorithms=["HS256"], audience=claims["aud"])  # the right key
    signed = {
        "expired": {**claims, "exp": now - 1},
        "wrong audience": {**claims, "aud": "another-installation"},
        "audiences without ours": {**claims, "aud": ["another", "third"]},
        "another epoch": {**claims, "epoch": claims["epoch"] + 1},
        "nobody": {**claims, "sub": "999999"},
        "no number": {**claims, "sub": "1 OR 1=1"},
        "a list": {**claims, "sub": ["1"]},
    } | {
        f"without {name}": {k: v for k, v in claims.items() if k != name}
        for name in ("exp", "aud", "sub", "epoch")
    }
    return {name: jwt.encode(made, key, algorithm="HS256") for name, made in signed.items()} | {
        "alg none": jwt.encode(claims, None, algorithm="none"),
        "alg None": f"{part({'alg': 'None', 'typ': 'JWT'})}.{body}.",
        "alg none with the signature": f"{part({'alg': 'none'})}.{body}.{signature}",
        "another key": jwt.encode(claims, "a" * 32, algorithm="HS256"),
        "the key of everything": jwt.encode(claims, secret, algorithm="HS256"),
        "an empty key": f"{head}.{body}." + base64.urlsafe_b64encode(
            hmac.new(b"", f"{head}.{body}".encode(), hashlib.sha256).digest()
        ).rstrip(b"=").decode(),
        "another algorithm": f"{part({'alg': 'HS512', 'typ': 'JWT'})}.{body}.{signature}",
        "RS256 with a key of its own": jwt.encode(claims, rsa_key, algorithm="RS256"),
        "a key in the header": jwt.encode(
            claims, "a" * 32, algorithm="HS256",
            headers={"jwk": {"kty": "oct", "k": part("a" * 32)}, "kid": "../../dev/null"},
        ),
        "another body": f"{head}.{part({**claims, 'sub': '5'})}.{signature}",
        "no signature": f"{head}.{body}.",
        "cut": real[:-4],
        "a refresh token": "f" * 75,
        "nothing": "",
        "no JWT": "a.b.c",
        "long": "a" * 6000,
    }  # fmt: skip


def test_no_forged_token_is_believed(server, victim):
    real = log_in(server, victim)["access_token"]
    believed = {}

    for name, token in forgeries(server, real).items():
        found = statuses(server, token)
        if found != [401] * 4:
            believed[name] = found

    assert believed == {}
    assert statuses(server, real) == [200] * 4


@pytest.mark.parametrize(
    "header",
    ["Basic dmljdGltMDo=", "Basic !!!", "Basic", "Bearer", "Token x", "Basic Og==",
     "Basic dmljdGltMDpmZWx0LXJ1Zy1zaHlyZGFr"],
)  # fmt: skip
def test_no_other_scheme_lets_anybody_in(server, header):
    """The last one is a right name and password: what works here are tokens and keys."""
    answer = httpx.get(f"{server.url}/api/auth/me", headers={"Authorization": header}, timeout=60)

    assert answer.status_code == 401
