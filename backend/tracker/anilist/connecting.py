"""Somebody connects their account at AniList, and ends the connection.

The way there: `begin_connecting` names the page where they allow it, and AniList sends their
browser back with a code, which `take_code` leaves with the account. A worker exchanges the code for
a token (`exchange_code`), as no web request calls another server.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.auth.authority import acting, refuse_banned
from accounts.models import User
from common.http.errors import AppError
from common.work.background import background_task, wake_queue
from common.work.leases import Lease, claim, nobody_holds
from common.work.pauses import begin_pause
from sources.contract import SourceFailed
from sources.plugins.anilist import AniList
from tracker.anilist.client import (
    Grant,
    TokenRefused,
    get_grant,
    lists_by_token,
    redirect_uri,
    renew_grant,
)
from tracker.anilist.tokens import CannotOpen, open_token, seal_token
from tracker.anilist.values import Viewer
from tracker.choices import AniListState
from tracker.models import AniListAccount

log = structlog.get_logger(__name__)

QUEUE = "anilist"
# How long somebody may take to allow it, and how long the code that comes of it is of use.
STATE_SECONDS = 600
CODE_FOR = timedelta(minutes=10)
# The notices about the end of a token come so many days before.
NOTICE_DAYS = (30, 7)
MAX_CODE_CHARS = 4000

_SALT = "tracker.anilist.state"
_RETRY_SECONDS = 15


class AniListOff(AppError):
    """The operator has registered no program at AniList."""

    code = "anilist_off"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("Lists at AniList cannot be connected on this site."))


class NotConnected(AppError):
    """There is no account at AniList to do it with."""

    code = "anilist_not_connected"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("Connect your account at AniList first."))


class StateRefused(AppError):
    """Whoever comes back did not begin here, not in this browser, or too long ago."""

    code = "anilist_state"

    def __init__(self) -> None:
        super().__init__(_("This way to AniList is not valid any more. Begin again."))


class NotAllowed(AppError):
    """They did not allow it at AniList."""

    code = "anilist_denied"

    def __init__(self) -> None:
        super().__init__(_("You did not allow it at AniList. Nothing was connected."))


class _Taken(Exception):
    """Another account here has that account at AniList, or this one has another."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_on() -> bool:
    """Return True where people can connect their lists."""
    return bool(settings.ANILIST_CLIENT_ID and settings.ANILIST_CLIENT_SECRET)


def refuse_off() -> None:
    """Raise AniListOff where nobody can."""
    if not is_on():
        raise AniListOff


# --- The way there ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WayThere:
    """Where somebody goes to allow it, and what their browser keeps meanwhile."""

    url: str
    browser_secret: str


def begin_connecting(user: User) -> WayThere:
    """Return the page at AniList where `user` allows it. Raises AniListOff."""
    refuse_off()
    secret = secrets.token_urlsafe(32)
    state = signing.dumps(
        {"user": user.pk, "once": secrets.token_urlsafe(12), "browser": _mark(secret)}, salt=_SALT
    )
    asked = {
        "client_id": settings.ANILIST_CLIENT_ID,
        "redirect_uri": redirect_uri(),
        "response_type": "code",
        "state": state,
    }
    return WayThere(f"{AniList.address('ANILIST_AUTHORIZE_URL')}?{urlencode(asked)}", secret)


def take_code(*, state: str, browser_secret: str, code: str, denied: bool = False) -> None:
    """Keep the code that somebody came back with, and let a worker exchange it.

    Only `state` says who they are: it was made for one user and one browser, and serves once.
    Raises AniListOff, StateRefused, NotAllowed and Banned.
    """
    refuse_off()
    user = _user_of_state(state, browser_secret)
    if denied or not 0 < len(code) <= MAX_CODE_CHARS:
        raise NotAllowed
    with acting(user):
        now = timezone.now()
        account, is_new = AniListAccount.objects.get_or_create(user=user)
        rows = AniListAccount.objects.filter(pk=account.pk)
        rows.update(code=seal_token(code), code_at=now, error_code="")
        # A token that is still good serves until there is a new one.
        rows.exclude(state=AniListState.CONNECTED).update(state=AniListState.CONNECTING)
        exchange_code.enqueue(account.pk)
    log.info("anilist.code_taken", pk=user.pk, is_new=is_new)


def _user_of_state(state: str, browser_secret: str) -> User:
    try:
        told = signing.loads(state, salt=_SALT, max_age=STATE_SECONDS)
    except signing.BadSignature as error:  # one that is too old is one, too
        raise StateRefused from error
    is_this_browser = constant_time_compare(told["browser"], _mark(browser_secret))
    until = timezone.now() + timedelta(seconds=STATE_SECONDS)
    if not is_this_browser or not begin_pause(f"anilist.state.{told['once']}", until):
        raise StateRefused
    user = User.objects.filter(pk=told["user"], is_active=True).first()
    if user is None:
        raise StateRefused
    refuse_banned(user)
    return user


def _mark(browser_secret: str) -> str:
    return salted_hmac(_SALT, browser_secret, algorithm="sha256").hexdigest()


# --- Code against token -------------------------------------------------------------------------


def _accounts_with_code() -> Iterable[int]:
    rows = AniListAccount.objects.filter(nobody_holds(), code_at__lte=timezone.now())
    return rows.order_by("code_at").values_list("pk", flat=True)[:50]


@background_task(due=_accounts_with_code, queue=QUEUE, every_seconds=15)
def exchange_code(pk: int) -> None:
    """Get a token for the code of an account, and find out whose it is.

    A code is good once. Where the answer to it is lost, the next try is refused, and the person is
    asked to connect again.
    """
    lease = claim(AniListAccount.objects.filter(code_at__isnull=False), pk)
    if lease is None:
        return
    account = AniListAccount.objects.get(pk=pk)
    try:
        grant = _get_grant(account)
        viewer = lists_by_token(grant.token, urgent=True).get_viewer()
        _connect(lease, account, grant, viewer)
    except (TokenRefused, CannotOpen):
        _give_up(lease, account, "anilist_token_refused")
    except _Taken as taken:
        _give_up(lease, account, taken.code)
    except SourceFailed as error:
        _try_later(lease, account, error)


def _get_grant(account: AniListAccount) -> Grant:
    if account.code:
        return get_grant(open_token(account.code))
    if account.refresh_token:
        return renew_grant(open_token(account.refresh_token))
    raise TokenRefused


def _connect(
    lease: Lease[AniListAccount], account: AniListAccount, grant: Grant, viewer: Viewer
) -> None:
    """Keep the token with the account, which is connected from now on."""
    if account.anilist_id not in (None, viewer.anilist_id):
        raise _Taken("anilist_other_account")
    now = timezone.now()
    left = grant.expires_at - now
    try:
        with transaction.atomic():
            is_done = lease.rows().update(
                state=AniListState.CONNECTED,
                anilist_id=viewer.anilist_id, anilist_name=viewer.name,
                score_format=viewer.score_format,
                token=seal_token(grant.token), refresh_token=seal_token(grant.refresh_token),
                token_expires_at=grant.expires_at,
                # Nobody is told at once about the end of what they have just begun.
                warned_days=min((days for days in NOTICE_DAYS if days >= left.days), default=None),
                code="", code_at=None, connected_at=now, pull_at=now, failures=0, error_code="",
                attempts=0, lease_token=None, lease_until=None,
            )  # fmt: skip
    except IntegrityError as error:  # somebody else has that account at AniList
        raise _Taken("anilist_taken") from error
    if is_done:
        log.info("anilist.connected", pk=account.pk)


def _give_up(lease: Lease[AniListAccount], account: AniListAccount, code: str) -> None:
    """Forget the code, unless a newer one has come. What was connected before stays so."""
    state = account.state
    if state == AniListState.CONNECTING:
        # It had a token once, which has ended.
        state = AniListState.FAILED if account.connected_at is None else AniListState.REVOKED
    # A refresh token that AniList does not take is of no more use.
    refresh_token = account.refresh_token if account.code else ""
    rows = lease.rows().filter(code_at=account.code_at)
    rows.update(state=state, error_code=code, code="", code_at=None, refresh_token=refresh_token)
    lease.release()
    log.info("anilist.not_connected", pk=account.pk, code=code)


def _try_later(lease: Lease[AniListAccount], account: AniListAccount, error: SourceFailed) -> None:
    now = timezone.now()
    if account.code_at is not None and account.code_at < now - CODE_FOR:
        _give_up(lease, account, error.code)
        return
    until = max(error.until or now, now + timedelta(seconds=_RETRY_SECONDS))
    lease.rows().update(
        error_code=error.code, lease_token=None, lease_until=min(until, now + CODE_FOR)
    )


# --- The end of a token -------------------------------------------------------------------------


def lose_token(account: AniListAccount) -> None:
    """Write down that AniList does not take the token that `account` was read with.

    What waits goes on waiting, for the next token. Where a newer one is there already, nothing
    happens.
    """
    if not account.token:
        return
    now = timezone.now()
    has_ended = account.token_expires_at is not None and account.token_expires_at <= now
    state = AniListState.EXPIRED if has_ended else AniListState.REVOKED
    rows = AniListAccount.objects.filter(pk=account.pk, token=account.token)
    changes: dict[str, Any] = {"state": state, "token": "", "error_code": TokenRefused.code}
    # AniList gives none that is of use today; should it do so one day, it is tried once.
    if account.refresh_token:
        changes["code_at"] = now
    if rows.update(**changes):
        log.info("anilist.token_lost", pk=account.pk, state=str(state))
        if account.refresh_token:
            exchange_code.enqueue(account.pk)


def change_settings(user: User, **changes: Any) -> AniListAccount:
    """Set what a user wants of the connection, and return it; raises NotConnected."""
    with acting(user):
        refuse_off()
        account = AniListAccount.objects.filter(user=user).first()
        if account is None:
            raise NotConnected
        goes_on = changes.get("is_paused") is False and account.is_paused
        if goes_on or changes.get("direction", account.direction) != account.direction:
            changes["pull_at"] = timezone.now()  # both sides may have moved on meanwhile
        # By its columns, as a worker may be writing others.
        AniListAccount.objects.filter(pk=account.pk).update(**changes)
        wake_queue(QUEUE)
        return AniListAccount.objects.get(pk=account.pk)


def disconnect(user: User) -> None:
    """Forget the token and all that was known of the list there; the library stays as it is."""
    with acting(user):
        AniListAccount.objects.filter(user=user).delete()
