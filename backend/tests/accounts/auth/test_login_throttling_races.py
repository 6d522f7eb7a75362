"""Sessions, keys and requests, when many ask at the same moment."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from accounts.auth import sessions
from accounts.auth.api_keys import MAX_KEYS, make_key, use_key
from accounts.auth.sessions import (
    InvalidToken,
    _next_refresh_token,
    end_all_sessions,
    end_session,
    open_session,
    purge_sessions,
    rotate_session,
)
from accounts.models import ApiKey, AuditEntry, Session, UploaderRequest, User
from accounts.roles.uploader_requests import (
    AlreadyAsked,
    ask_to_upload,
    grant_request,
    refuse_request,
)
from common.http.errors import AlreadyDecided, Invalid
from tests.at_once import run_at_once
from tests.cast import PASSWORD, client_of

pytestmark = pytest.mark.django_db(transaction=True)


def kinds(outcomes):
    return Counter(type(outcome) for outcome in outcomes)


def test_fifty_refreshes_with_one_token_give_one_and_the_same(uploader_uli, session_clock):
    token = open_session(uploader_uli).refresh_token

    outcomes = run_at_once(*[partial(rotate_session, token)] * 50)

    assert kinds(outcomes) == {tuple: 50}
    [following] = {tokens.refresh_token for _user, tokens in outcomes}
    assert rotate_session(following)[0] == uploader_uli


def test_fifty_refreshes_with_a_used_token_end_its_family_and_nobody_elses(
    uploader_uli, session_clock
):
    stolen, other = open_session(uploader_uli), open_session(uploader_uli)
    _user, owners = rotate_session(stolen.refresh_token)
    session_clock(60)

    outcomes = run_at_once(*[partial(rotate_session, stolen.refresh_token)] * 50)

    assert kinds(outcomes) == {InvalidToken: 50}
    with pytest.raises(InvalidToken):
        rotate_session(owners.refresh_token)
    assert rotate_session(other.refresh_token)[0] == uploader_uli
    assert Session.objects.count() == 1


def test_fifty_refreshes_over_http_never_fail_on_our_side(uploader_uli, session_clock):
    token = open_session(uploader_uli).refresh_token
    rotate_session(token)
    session_clock(60)
    ask = partial(
        client_of(None).post, "/api/auth/refresh", {"refresh_token": token}, format="json"
    )

    answers = run_at_once(*[ask] * 50)

    assert Counter(answer.status_code for answer in answers) == {401: 50}
    assert not Session.objects.exists()


def test_ending_refreshing_and_sweeping_do_not_wait_for_each_other(uploader_uli):
    tokens = [open_session(uploader_uli) for _ in range(12)]
    rows = list(Session.objects.order_by("pk"))
    Session.objects.filter(pk__in=[one.pk for one in rows[:2]]).update(
        expires_at=timezone.now() - timedelta(days=1)
    )

    outcomes = run_at_once(
        *[partial(end_session, row) for row in rows[:6]],
        *[partial(rotate_session, one.refresh_token) for one in tokens[6:]],
        *[purge_sessions] * 3,
        partial(end_session, rows[0]),
    )

    assert kinds(outcomes) == {type(None): 7, tuple: 6, int: 3}
    assert {one.pk for one in Session.objects.all()} == {one.pk for one in rows[6:]}


def test_a_refresh_that_another_devices_logout_overtakes_is_no_replay(uploader_uli, monkeypatch):
    lost, kept = open_session(uploader_uli), open_session(uploader_uli)
    elsewhere = Session.objects.order_by("pk")[0]

    def end_it_between_read_and_write(token):
        if Session.objects.filter(pk=elsewhere.pk).exists():
            end_session(elsewhere)
        return _next_refresh_token(token)

    monkeypatch.setattr(sessions, "_next_refresh_token", end_it_between_read_and_write)

    user, renewed = rotate_session(kept.refresh_token)

    assert user == uploader_uli
    assert rotate_session(renewed.refresh_token)[0] == uploader_uli
    with pytest.raises(InvalidToken):
        rotate_session(lost.refresh_token)


def test_logging_out_everywhere_beside_a_refresh_leaves_nothing_open(uploader_uli):
    token = open_session(uploader_uli).refresh_token

    _nothing, refreshed = run_at_once(
        partial(end_all_sessions, uploader_uli), partial(rotate_session, token)
    )

    if isinstance(refreshed, tuple):
        client = client_of(None)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {refreshed[1].access_token}")
        assert client.get("/api/auth/me").status_code == 401
        with pytest.raises(InvalidToken):
            rotate_session(refreshed[1].refresh_token)


def test_the_last_key_is_made_once(uploader_uli):
    make = partial(
        make_key, uploader_uli, name="x", scopes=["read"], expires_in_days=None, password=PASSWORD
    )
    for _ in range(MAX_KEYS - 1):
        make()

    outcomes = run_at_once(*[make] * 4)

    assert kinds(outcomes) == {tuple: 1, Invalid: 3}
    assert ApiKey.objects.count() == MAX_KEYS


def test_a_key_used_by_many_at_once_is_good_for_all(uploader_uli):
    _key, text = make_key(
        uploader_uli, name="x", scopes=["read"], expires_in_days=None, password=PASSWORD
    )

    outcomes = run_at_once(*[partial(use_key, text)] * 8)

    assert kinds(outcomes) == {ApiKey: 8}


def test_asking_twice_at_once_asks_once(reader_rina):
    outcomes = run_at_once(*[partial(ask_to_upload, reader_rina, text="x")] * 3)

    assert kinds(outcomes) == {UploaderRequest: 1, AlreadyAsked: 2}


def test_of_two_moderators_one_decides(reader_rina, moderator_mo, moderator_max):
    asked = ask_to_upload(reader_rina, text="x")

    outcomes = run_at_once(
        partial(grant_request, UploaderRequest.objects.get(), moderator=moderator_mo),
        partial(refuse_request, UploaderRequest.objects.get(), moderator=moderator_max),
    )

    assert kinds(outcomes) == {type(None): 1, AlreadyDecided: 1}
    asked.refresh_from_db()
    may_upload = User.objects.get(pk=reader_rina.pk).has_perm("reader.submit_upload")
    assert may_upload is (asked.state == "granted")
    assert AuditEntry.objects.count() == 1
