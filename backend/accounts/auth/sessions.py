"""Sessions: short access tokens (JWT), and refresh tokens that rotate and are stored hashed.

The user's `epoch` is in every access token; raising it ends them all at the next request. Ending
all sessions also raises `admin_epoch`, which ends those of the admin.
"""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import jwt
import structlog
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.auth.devices import name_device
from accounts.models import Session, User
from common.http.errors import AppError
from common.http.shared_cache import shared_cache
from common.work.background import scheduled_task

log = structlog.get_logger(__name__)

_ALGORITHM, _CLAIMS = "HS256", ["sub", "sid", "epoch", "aud", "exp"]
_FAMILY_LENGTH = 32
# For so long after its use a refresh token is answered again: a connection breaks, a page is left,
# two tabs ask at once. After that the token counts as stolen.
REUSE_SECONDS = 60
_PURGED = 5_000
# Tokens have a key of their own: one that leaks signs no cookie and no link, nor the other way.
_TOKEN_KEY = hmac.new(settings.SECRET_KEY.encode(), b"access tokens", hashlib.sha256).digest()
_REFRESH_KEY = hmac.new(settings.SECRET_KEY.encode(), b"refresh tokens", hashlib.sha256).digest()


class InvalidToken(AppError):
    """The token is unknown, used, forged or has ended."""

    code = "invalid_token"
    status = 401

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("You have been logged out. Log in again."))


@dataclass(frozen=True)
class Tokens:
    """The tokens that a login or a refresh returns; `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True)
class Identity:
    """The user and session of an access token; valid only while `epoch` is the user's."""

    user_id: int
    session_id: int
    epoch: int


def open_session(
    user: User,
    *,
    device: str = "",
    network: str = "",
    second_factor: bool = False,
    in_browser: bool = False,
) -> Tokens:
    """Log a device in; the caller has checked the password and the ban.

    `device` is its name or its User-Agent; `second_factor` says that one was asked for, and
    `in_browser` that the caller puts the refresh token into a cookie only.
    """
    family = secrets.token_hex(_FAMILY_LENGTH // 2)
    refresh_token = _new_refresh_token(family)
    try:
        with transaction.atomic():
            session = Session.objects.create(
                user=user,
                family=family,
                refresh_hash=_hash(refresh_token),
                epoch=user.epoch,
                device=name_device(device),
                network=network,
                second_factor=second_factor,
                in_browser=in_browser,
                expires_at=_refresh_end(),
            )
    except IntegrityError as error:  # the person has left meanwhile
        raise InvalidToken from error
    return _tokens(session, refresh_token)


def rotate_session(refresh_token: str) -> tuple[User, Tokens]:
    """Return a new pair of tokens for a refresh token; one that was used before ends its session.

    Within REUSE_SECONDS after its use, and as long as the new one has not been used, the answer is
    the same again instead. Each token is made from the one before with a key of ours, so that none
    has to be stored for that, and only one is good however many requests ask.
    """
    family, presented = refresh_token[:_FAMILY_LENGTH], _hash(refresh_token)
    while True:
        session = Session.objects.select_related("user").filter(family=family).first()
        if session is None:
            raise InvalidToken
        is_over = session.epoch != session.user.epoch or session.expires_at < timezone.now()
        if is_over or not session.user.is_active:
            raise InvalidToken
        fresh = _next_refresh_token(refresh_token)
        if session.refresh_hash == _hash(fresh) and _was_used_just_now(session):
            return session.user, _tokens(session, fresh)
        if session.refresh_hash != presented:
            log.warning("session.replayed", user_id=session.user_id, session_id=session.pk)
            end_session(session)
            raise InvalidToken
        rotated = Session.objects.filter(
            pk=session.pk, refresh_hash=presented, epoch=session.epoch
        ).update(refresh_hash=_hash(fresh), refreshed_at=timezone.now(), expires_at=_refresh_end())
        if rotated:
            return session.user, _tokens(session, fresh)
        # Another request was first: a second use, or another device's logout, which raises the
        # epoch of this session without ending it. Looking again tells which.


def find_session(refresh_token: str) -> Session | None:
    """Return the session that this refresh token is the newest of, or the last but one."""
    hashes = [_hash(refresh_token), _hash(_next_refresh_token(refresh_token))]
    return (
        Session.objects.select_related("user")
        .filter(family=refresh_token[:_FAMILY_LENGTH], refresh_hash__in=hashes)
        .first()
    )


def live_sessions(user: User) -> QuerySet[Session]:
    """Return the sessions of the devices on which a user is logged in."""
    return Session.objects.filter(user=user, epoch=user.epoch, expires_at__gt=timezone.now())


def is_live(session_id: int) -> bool:
    """Say whether a session is neither ended nor over."""
    rows = Session.objects.filter(pk=session_id, epoch=F("user__epoch"))
    return rows.filter(expires_at__gt=timezone.now()).exists()


def end_session(session: Session) -> None:
    """Log one device out; the user's other devices get new access tokens by refreshing."""
    with transaction.atomic():
        # The user's row first: otherwise two devices that log out at once wait for each other's
        # row.
        owner = User.objects.select_for_update(no_key=True).filter(pk=session.user_id).first()
        if owner is None:
            return
        old = owner.epoch
        ended = Session.objects.filter(pk=session.pk)
        was_live = ended.filter(epoch=old).delete()[0]
        if not was_live:  # ended already, or at the same moment by another request
            ended.delete()
            return
        User.objects.filter(pk=session.user_id).update(epoch=F("epoch") + 1)
        Session.objects.filter(user_id=session.user_id, epoch=old).update(epoch=old + 1)
        session.user.epoch = old + 1
        publish_epoch(session.user)


def end_all_sessions(user: User) -> None:
    """End all sessions of a user, those of the admin too, in one update."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(
            epoch=F("epoch") + 1, admin_epoch=F("admin_epoch") + 1
        )
        user.refresh_from_db(fields=["epoch", "admin_epoch"])
        publish_epoch(user)


def end_sessions_without_second_factor(user: User, *, confirmed_by: int | None) -> None:
    """End all sessions that were opened with the password alone, and those of the admin.

    The session `confirmed_by` has shown a code and goes on, with new access tokens by refreshing;
    raises InvalidToken where it has ended meanwhile.
    """
    with transaction.atomic():
        end_all_sessions(user)
        if confirmed_by is None:
            return
        moved = Session.objects.filter(pk=confirmed_by, user=user, epoch=user.epoch - 1).update(
            epoch=user.epoch, second_factor=True
        )
        if not moved:
            raise InvalidToken


@scheduled_task(every_seconds=3600)
def purge_sessions() -> int:
    """Delete ended sessions of devices and of the admin; return how many."""
    is_over = Q(expires_at__lt=timezone.now()) | Q(epoch__lt=F("user__epoch"))
    with transaction.atomic():
        # Sessions that are being ended at this moment are skipped and not waited for.
        over = Session.objects.select_for_update(skip_locked=True, of=("self",)).filter(is_over)
        ended, _rows = Session.objects.filter(
            pk__in=list(over.values_list("pk", flat=True)[:_PURGED])
        ).delete()
    SessionStore.clear_expired()
    return ended


def read_access_token(token: str) -> Identity:
    """Return the identity of a token, its signature, end and audience checked; not its epoch."""
    identity, expires_at = _read_signed(token, settings.INSTANCE)
    if expires_at <= time.time():
        raise InvalidToken
    return identity


@lru_cache(maxsize=4_096)  # a reader sends one token many times, and its signature does not change
def _read_signed(token: str, audience: str) -> tuple[Identity, float]:
    """Return the signed identity and the time at which it ends."""
    try:
        claims = jwt.decode(
            token,
            _TOKEN_KEY,
            algorithms=[_ALGORITHM],
            audience=audience,
            # Servers' clocks may differ a little.
            options={"require": _CLAIMS, "strict_aud": True, "verify_iat": False},
        )
        identity = Identity(int(claims["sub"]), int(claims["sid"]), int(claims["epoch"]))
        return identity, float(claims["exp"])
    except (jwt.InvalidTokenError, TypeError, ValueError) as error:
        raise InvalidToken from error


def epoch_key(user_id: int) -> str:
    """Return the cache key of a user's epoch."""
    return f"epoch:{user_id}"


def publish_epoch(user: User) -> None:
    """Tell all processes the new epoch once it is committed."""
    key, epoch = epoch_key(user.pk), str(user.epoch).encode()
    transaction.on_commit(lambda: shared_cache().put(key, epoch, settings.ACCESS_TOKEN_SECONDS))


def _tokens(session: Session, refresh_token: str) -> Tokens:
    now = timezone.now()
    claims = {
        "sub": str(session.user_id),
        "sid": session.pk,
        "epoch": session.user.epoch,
        "aud": settings.INSTANCE,
        "iat": now,
        "exp": now + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS),
    }
    access_token = jwt.encode(claims, _TOKEN_KEY, algorithm=_ALGORITHM)
    return Tokens(access_token, refresh_token, settings.ACCESS_TOKEN_SECONDS)


def _new_refresh_token(family: str) -> str:
    return family + secrets.token_urlsafe(32)


def _next_refresh_token(token: str) -> str:
    digest = hmac.digest(_REFRESH_KEY, token.encode(), "sha256")
    return token[:_FAMILY_LENGTH] + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _was_used_just_now(session: Session) -> bool:
    return timezone.now() < session.refreshed_at + timedelta(seconds=REUSE_SECONDS)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _refresh_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.REFRESH_TOKEN_SECONDS)
