"""Rate limits by scope: counted for each, answered with 429 and Retry-After."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.conf import settings

from accounts.api import throttles
from accounts.auth.api_keys import make_key
from accounts.roles.bans import ban_user
from tests.cast import PASSWORD, client_of, make_title, post_zip
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db


def statuses(client, path, times=4):
    return [client.get(path).status_code for _time in range(times)]


@pytest.mark.parametrize("path", ["/api/titles", "/api/titles?scope=mine", "/api/site"])
def test_anonymous_people_share_the_limit_of_their_address(path, limit):
    limit("anon", 2)

    answers = [client_of(None).get(path) for _time in range(3)]

    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    assert answers[2].json()["code"] == "throttled"
    assert answers[2]["Retry-After"] == "15"


def test_other_addresses_are_counted_apart(limit):
    limit("anon", 2)
    statuses(client_of(None), "/api/titles")

    answer = client_of(None).get("/api/titles", REMOTE_ADDR="10.1.2.3")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "/api/titles", "anon"),  # before DRF, and behind it
        ("get", "/api/site", "anon"),
        ("post", "/api/auth/token", "auth"),
        ("post", "/admin/login/", "auth"),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(method, path, scope, limit):
    limit(scope, 2)
    form = {"username": "nobody", "password": "x"}

    def ask(address):
        return getattr(client_of(None), method)(path, form, REMOTE_ADDR=address).status_code

    asked = [ask(f"2001:db8:1:2::{number:x}") for number in range(3)]

    assert [status == 429 for status in asked] == [False, False, True]
    assert ask("2001:db8:1:3::1") != 429


def test_people_are_counted_each_for_themselves(limit, reader_rina, uploader_uli):
    limit("user", 2)
    limit("anon", 1)

    assert statuses(client_of(reader_rina), "/api/titles", 3) == [200, 200, 429]
    assert statuses(client_of(reader_rina), "/api/reading", 1) == [429]
    assert statuses(client_of(uploader_uli), "/api/titles", 2) == [200, 200]


def test_uploads_have_a_limit_of_their_own(limit, uploader_uli):
    limit("upload", 1)
    series = make_title()

    answers = [
        post_zip(uploader_uli, series, make_chapter_zip(1, seed=seed), number=seed)
        for seed in range(2)
    ]

    assert [answer.status_code for answer in answers] == [202, 429]
    assert answers[1]["Retry-After"] == "15"
    assert client_of(uploader_uli).get(f"/api/series/{series.slug}/chapters").status_code == 200


def test_logins_are_counted_by_address_whoever_one_says_to_be(limit):
    limit("auth", 2)
    client = client_of(None)

    answers = [
        client.post("/api/auth/token", {"username": f"name{n}", "password": "x"}) for n in range(3)
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 429]


def test_the_next_window_starts_anew(limit, monkeypatch):
    limit("anon", 1)
    assert statuses(client_of(None), "/api/titles", 2) == [200, 429]

    monkeypatch.setattr(throttles, "time", SimpleNamespace(time=lambda: 1_800_000_060))

    assert statuses(client_of(None), "/api/titles", 2) == [200, 429]


def test_a_scope_may_be_off(settings):
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES)

    assert statuses(client_of(None), "/api/titles") == [200] * 4


def test_a_proxys_word_counts_only_where_it_is_trusted(limit, settings):
    limit("anon", 1)
    client = client_of(None)
    forged = [
        client.get("/api/titles", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}").status_code for n in range(2)
    ]
    settings.TRUSTED_PROXIES = 1
    believed = [
        client.get("/api/titles", HTTP_X_FORWARDED_FOR=f"1.1.1.1, 10.0.0.{n}").status_code
        for n in range(2)
    ]

    assert (forged, believed) == ([200, 429], [200, 200])


def test_whether_it_lives_may_be_asked_without_a_limit(limit):
    limit("anon", 1)

    assert statuses(client_of(None), "/healthz") == [200] * 4


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs", "/api/docs?script="])
def test_what_describes_the_api_is_counted(path, limit):
    limit("anon", 2)

    assert statuses(client_of(None), path) == [200, 200, 429, 429]


@pytest.mark.parametrize("path", ["/api/reading", "/api/auth/me", "/api/uploads"])
def test_knocking_at_a_door_that_needs_a_login_is_counted(path, limit):
    limit("anon", 2)

    assert statuses(client_of(None), path) == [401, 401, 429, 429]


@pytest.mark.parametrize("path", ["/api/reading", "/api/titles", "/api/titles?scope=mine"])
def test_guessing_tokens_is_counted(path, limit):
    limit("anon", 2)
    client = client_of(None)

    answers = [
        client.get(path, HTTP_AUTHORIZATION=f"Bearer guess{number}").status_code
        for number in range(4)
    ]

    assert answers == [401, 401, 429, 429]


@pytest.mark.parametrize("path", ["/api/reading", "/api/titles", "/api/titles?scope=mine"])
@pytest.mark.parametrize("refused", ["guessed", "for another thing", "of somebody banned"])
def test_api_keys_that_are_refused_are_counted(refused, path, limit, reader_rina, moderator_mo):
    limit("anon", 2)
    scopes = ["library" if refused == "for another thing" else "read"]
    _key, text = make_key(
        reader_rina, name="x", scopes=scopes, expires_in_days=None, password=PASSWORD
    )
    if refused == "of somebody banned":
        ban_user(reader_rina, moderator=moderator_mo, reason="Spam.")
    client = client_of(None)

    answers = [
        client.get(
            path,
            HTTP_AUTHORIZATION=f"Bearer {f'mkg_{number}' if refused == 'guessed' else text}",
        ).status_code
        for number in range(4)
    ]

    assert answers[0] in (401, 403)
    assert answers == [answers[0]] * 2 + [429] * 2


def test_who_may_not_is_counted_for_themselves(limit, reader_rina):
    limit("user", 2)
    limit("anon", 1)

    assert statuses(client_of(reader_rina), "/api/uploads?scope=all", 3) == [403, 403, 429]
    assert statuses(client_of(None), "/api/titles", 1) == [200]


def test_one_request_is_counted_once(limit, reader_rina):
    limit("anon", 3)
    client = client_of(None)

    answers = [client.post("/api/auth/token", {}), client.delete("/api/auth/register")]

    assert [answer.status_code for answer in answers] == [400, 405]
    assert statuses(client, "/api/titles?scope=mine") == [401, 401, 401, 429]


COUNT = """
import django; django.setup()
from common.http.shared_cache import shared_cache
print([shared_cache().visit("throttle:two:processes", 600, ())[0] for _time in range(100)][-1])
"""


def test_processes_count_together():
    command = [sys.executable, "-c", COUNT]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "mangakg.settings"}
    running = [
        subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.PIPE, text=True)
        for _process in range(2)
    ]

    counted = [int(process.communicate()[0]) for process in running]

    assert max(counted) == 200
