"""/api/auth/sessions: where one is logged in, and ending it."""

import hmac
from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.auth import sessions
from accounts.auth.sessions import end_all_sessions, end_session, open_session, purge_sessions
from accounts.models import Session, User
from accounts.roles.bans import ban_user, lift_ban
from tests.cast import client_of

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0"
LISTS = ("/api/auth/me", "/api/titles")


@pytest.fixture(autouse=True)
def _commits(monkeypatch):
    """What waits for the commit runs at once, as each request commits."""
    monkeypatch.setattr(sessions.transaction, "on_commit", lambda callback, **_: callback())


def bearer(tokens):
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {tokens.access_token}")


def refresh(tokens):
    return APIClient().post(
        "/api/auth/refresh", {"refresh_token": tokens.refresh_token}, format="json"
    )


def test_devices_are_listed_the_last_used_first(uploader_uli, outsider_otto):
    open_session(outsider_otto, device="Otto's")
    phone = open_session(uploader_uli, device=FIREFOX)
    open_session(uploader_uli, device="<script>alert(1)</script>")
    Session.objects.filter(device="Firefox on Android").update(
        refreshed_at=timezone.now() - timedelta(days=2)
    )

    answer = bearer(phone).get("/api/auth/sessions")

    rows = answer.json()["results"]
    assert answer["Cache-Control"] == "private, no-store"
    assert [(row["device"], row["is_current"]) for row in rows] == [
        ("<script>alert(1)</script>", False), ("Firefox on Android", True),
    ]  # fmt: skip
    assert rows[0].keys() == {"id", "device", "created_at", "last_used_at", "is_current"}


def test_a_device_that_is_ended_is_out_at_its_next_request_and_the_others_stay(uploader_uli):
    lost, kept = open_session(uploader_uli), open_session(uploader_uli)
    client = bearer(lost)
    assert [client.get(path).status_code for path in LISTS] == [200, 200]
    lost_id = Session.objects.order_by("pk")[0].pk

    assert bearer(kept).delete(f"/api/auth/sessions/{lost_id}").status_code == 204

    assert [client.get(path).status_code for path in LISTS] == [401, 401]
    assert refresh(lost).status_code == 401
    renewed = refresh(kept)
    assert renewed.status_code == 200
    again = APIClient(HTTP_AUTHORIZATION=f"Bearer {renewed.json()['access_token']}")
    assert [again.get(path).status_code for path in LISTS] == [200, 200]


def test_what_is_not_ones_own_is_not_there(uploader_uli, outsider_otto):
    open_session(outsider_otto)
    others = Session.objects.get().pk
    client = client_of(uploader_uli)

    answers = [client.delete(f"/api/auth/sessions/{pk}") for pk in (others, others + 1000)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert Session.objects.filter(pk=others).exists()


def test_log_out_everywhere_is_everywhere(moderator_mo):
    tokens = [open_session(moderator_mo) for _ in range(2)]
    browser = Client()
    browser.force_login(User.objects.get(pk=moderator_mo.pk))
    assert browser.get("/admin/nothing/").status_code == 404

    answer = bearer(tokens[0]).delete("/api/auth/sessions")

    assert answer.status_code == 204
    assert [bearer(one).get(path).status_code for one in tokens for path in LISTS] == [401] * 4
    assert [refresh(one).status_code for one in tokens] == [401, 401]
    assert browser.get("/admin/nothing/").status_code == 302


def test_a_phone_that_is_logged_out_leaves_the_admin_open(moderator_mo):
    tokens = open_session(moderator_mo)
    browser = Client()
    browser.force_login(User.objects.get(pk=moderator_mo.pk))

    logout = {"refresh_token": tokens.refresh_token}
    assert APIClient().post("/api/auth/logout", logout, format="json").status_code == 204

    assert [bearer(tokens).get(path).status_code for path in LISTS] == [401, 401]
    assert browser.get("/admin/nothing/").status_code == 404


def test_an_admin_session_is_over_with_a_ban_and_stays_so_after_it(moderator_mo, admin_aida):
    browser = Client()
    browser.force_login(User.objects.get(pk=moderator_mo.pk))

    ban_user(moderator_mo, moderator=admin_aida, reason="Sold approvals.")
    assert browser.get("/admin/nothing/").status_code == 302
    lift_ban(moderator_mo, moderator=admin_aida, reason="Was not me.")

    assert browser.get("/admin/nothing/").status_code == 302


def test_logging_out_takes_the_cookie_along(uploader_uli, settings):
    client = client_of(uploader_uli)

    answer = client.delete("/api/auth/sessions")

    cookie = answer.cookies[settings.REFRESH_COOKIE_NAME]
    assert (cookie.value, cookie["path"]) == ("", "/api/auth")


def test_a_session_ended_twice_ends_once(uploader_uli):
    open_session(uploader_uli)
    session = Session.objects.get()

    end_session(session)
    end_session(session)

    uploader_uli.refresh_from_db()
    assert uploader_uli.epoch == 1


def test_sessions_that_are_over_are_neither_listed_nor_kept(uploader_uli, outsider_otto):
    open_session(outsider_otto, device="stays")
    open_session(uploader_uli, device="too old")
    Session.objects.filter(device="too old").update(expires_at=timezone.now() - timedelta(days=1))
    open_session(uploader_uli, device="behind")
    User.objects.filter(pk=uploader_uli.pk).update(epoch=1)
    uploader_uli.refresh_from_db()

    listed = client_of(uploader_uli).get("/api/auth/sessions").json()["results"]
    purged = purge_sessions()

    assert [row["is_current"] for row in listed] == [True]
    assert purged == 2
    assert Session.objects.filter(device="stays").exists()
    assert Session.objects.count() == 2


def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(uploader_uli):
    tokens = open_session(uploader_uli)

    swapped = APIClient(HTTP_AUTHORIZATION=f"Bearer {tokens.refresh_token}")
    answer = APIClient().post(
        "/api/auth/refresh", {"refresh_token": tokens.access_token[:200]}, format="json"
    )

    assert [swapped.get(path).status_code for path in LISTS] == [401, 401]
    assert answer.status_code == 401


def _forged(header, claims, key=sessions._TOKEN_KEY):
    def part(value):
        return urlsafe_b64encode(value).rstrip(b"=").decode()

    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(hmac.digest(key, signed.encode(), 'sha256'))}"


OURS = b'{"alg":"HS256","typ":"JWT"}'
CLAIMS = '{"sub":"%s","sid":1,"epoch":0,"aud":"%s","exp":99999999999}'


def test_what_a_good_token_of_this_test_looks_like(uploader_uli, settings):
    token = _forged(OURS, (CLAIMS % (uploader_uli.pk, settings.INSTANCE)).encode())

    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")

    assert [client.get(path).status_code for path in LISTS] == [200, 200]


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (b'{"alg":"none","typ":"JWT"}', CLAIMS),
        (b'{"alg":"HS512","typ":"JWT"}', CLAIMS),
        (b'{"alg":["HS256"],"typ":"JWT"}', CLAIMS),
        (b'{"alg":"HS256","typ":"JWT","crit":["x"]}', CLAIMS),
        (b"[" * 3_000, CLAIMS),
        (OURS, CLAIMS.replace("99999999999", "1")),
        (OURS, CLAIMS.replace("99999999999", '"never"')),
        (OURS, CLAIMS.replace("99999999999", "null")),
        (OURS, CLAIMS.replace('"exp"', '"nbf"')),
        (OURS, CLAIMS.replace('"sid":1,', "")),
        (OURS, CLAIMS.replace('"aud":"%s"', '"aud":["%s"]')),
        (OURS, CLAIMS.replace('"epoch":0', '"epoch":1')),
        (OURS, CLAIMS.replace('"epoch":0', '"epoch":[]')),
        (OURS, '[{"sub":"%s","aud":"%s"}]'),
        (OURS, "%s%s"),
        (OURS, '"%s" "%s'),
    ],
)
def test_even_a_signed_token_must_be_like_ours(header, claims, uploader_uli, settings):
    token = _forged(header, (claims % (uploader_uli.pk, settings.INSTANCE)).encode())
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")

    assert [client.get(path).status_code for path in LISTS] == [401, 401]


@pytest.mark.parametrize("change", ["audience", "key", "cut", "longer", "emails"])
def test_a_token_that_was_touched_is_over(change, uploader_uli, settings):
    audience = "another" if change == "audience" else settings.INSTANCE
    key = b"x" * 32 if change == "key" else sessions._TOKEN_KEY
    token = _forged(OURS, (CLAIMS % (uploader_uli.pk, audience)).encode(), key)
    token = {"cut": token[:-1], "longer": f"{token}A", "emails": f"\u00e9{token}"}.get(
        change, token
    )
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")

    assert [client.get(path).status_code for path in LISTS] == [401, 401]


def test_an_epoch_that_was_published_late_locks_nobody_out(uploader_uli):
    """Two commits publish the other way round, or a process dies before it does."""
    ended = open_session(uploader_uli)
    end_all_sessions(uploader_uli)
    good = open_session(uploader_uli)
    sessions.shared_cache().put(sessions.epoch_key(uploader_uli.pk), b"0", 60)

    assert [bearer(good).get(path).status_code for path in LISTS] == [200, 200]
    assert [bearer(ended).get(path).status_code for path in LISTS] == [401, 401]


def test_the_token_of_a_deleted_person_is_over_in_the_cache_too(uploader_uli):
    client = client_of(uploader_uli)
    assert client.get("/api/titles").status_code == 200  # the epoch is in the cache now

    uploader_uli.delete()
    sessions.shared_cache().clear()

    assert [client.get(path).status_code for path in LISTS] == [401, 401]
