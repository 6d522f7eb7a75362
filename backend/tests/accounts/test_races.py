"""Two who act on one account at the same moment."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.auth.api_keys import make_key, remove_keys
from accounts.auth.passwords import replace_password
from accounts.auth.sessions import InvalidToken, end_session, open_session, rotate_session
from accounts.models import ApiKey, AuditEntry, Session, User
from accounts.profile.registration import register_user
from accounts.roles.bans import add_strike, ban_user
from accounts.roles.groups import ADMIN
from common.http.errors import AlreadyDecided, Invalid
from tests.at_once import run_at_once
from tests.cast import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_name_taken_twice_at_once_is_taken_once():
    register = partial(register_user, email="a@example.test", password=PASSWORD)

    outcomes = run_at_once(*[partial(register, username=name) for name in ("Aida", "aida", "AIDA")])

    assert Counter(type(outcome) for outcome in outcomes) == {User: 1, Invalid: 2}


def test_a_refresh_token_used_twice_at_once_gives_one_and_the_same(uploader_uli, session_clock):
    token = open_session(uploader_uli).refresh_token

    outcomes = run_at_once(*[partial(rotate_session, token)] * 2)

    [following] = {tokens.refresh_token for _user, tokens in outcomes}
    session_clock(60)
    assert rotate_session(following)[0] == uploader_uli


def test_a_stolen_token_used_twice_at_once_ends_the_session(uploader_uli, session_clock):
    token = open_session(uploader_uli).refresh_token
    rotate_session(token)
    session_clock(60)

    outcomes = run_at_once(*[partial(rotate_session, token)] * 2)

    assert [type(outcome) for outcome in outcomes] == [InvalidToken] * 2
    assert not Session.objects.exists()


def test_no_key_is_made_behind_a_new_password(uploader_uli):
    """Whichever is first: who changes it ends all keys, and none is made with the old one."""
    stale = User.objects.get(pk=uploader_uli.pk)

    def set_another() -> None:
        with transaction.atomic():
            assert replace_password(uploader_uli, "a-yurt-on-the-jailoo")
            remove_keys(uploader_uli)

    run_at_once(
        set_another,
        partial(
            make_key, stale, name="mine", scopes=["read"], expires_in_days=None, password=PASSWORD
        ),
    )

    assert not ApiKey.objects.exists()


def test_two_admins_who_ban_each_other_do_not_wait_for_ever(admin_aida):
    other = make_user("azamat", ADMIN)

    outcomes = run_at_once(
        partial(ban_user, User.objects.get(pk=other.pk), moderator=admin_aida, reason="Spam."),
        partial(ban_user, User.objects.get(pk=admin_aida.pk), moderator=other, reason="Spam."),
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Banned", "NoneType"]


def test_two_devices_that_log_out_at_once_leave_the_third(uploader_uli):
    tokens = [open_session(uploader_uli) for _ in range(3)]
    first, second, third = Session.objects.order_by("pk")

    errors = run_at_once(partial(end_session, first), partial(end_session, second))

    assert errors == [None, None]
    user, _tokens = rotate_session(tokens[2].refresh_token)
    assert user == uploader_uli
    assert Session.objects.get().pk == third.pk


def test_two_moderators_ban_once(uploader_uli, moderator_mo, moderator_max):
    outcomes = run_at_once(
        *[
            partial(ban_user, User.objects.get(pk=uploader_uli.pk), moderator=who, reason="Spam.")
            for who in (moderator_mo, moderator_max)
        ]
    )

    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, AlreadyDecided: 1}
    assert AuditEntry.objects.count() == 1


def test_of_two_bans_at_once_the_longer_one_holds(uploader_uli, moderator_mo, moderator_max):
    tomorrow = timezone.now() + timedelta(days=1)

    run_at_once(
        *[
            partial(ban_user, User.objects.get(pk=uploader_uli.pk), moderator=who, reason="Spam.",
                    until=until)
            for who, until in ((moderator_mo, tomorrow), (moderator_max, None))
        ]
    )  # fmt: skip

    uploader_uli.refresh_from_db()
    assert (uploader_uli.is_banned, uploader_uli.banned_until) == (True, None)


def test_strikes_at_once_are_all_counted(uploader_uli):
    counted = run_at_once(
        *[
            partial(add_strike, uploader_uli, code="symlink", subject=f"upload:{number}")
            for number in range(3)
        ]
    )

    assert all(strike.is_new for strike in counted)
    assert sum(strike.has_banned for strike in counted) == 1
    uploader_uli.refresh_from_db()
    assert uploader_uli.is_banned
    assert AuditEntry.objects.count() == 1
