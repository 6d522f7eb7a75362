"""API keys are made with the password, shown once, and checked at every request.

They stay when the password changes. They end at their date, by hand, or with the account.
"""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.auth.authority import acting, refuse_banned
from accounts.auth.passwords import refuse_wrong_password
from accounts.auth.sessions import InvalidToken
from accounts.emails import EmailText, email_kind, queue_email_to
from accounts.models import ApiKey, OutgoingEmail, User, live_keys
from accounts.scopes import SCOPES
from accounts.usernames import name_key
from common.http.errors import Invalid, NotFound
from common.work.background import scheduled_task

log = structlog.get_logger(__name__)

KEY_PREFIX = "mkg_"
MAX_KEYS = 20
_KEY_BYTES = 32
_HINT_LETTERS = 4
_MADE = "key_made"
_USE_NOTED_EVERY = timedelta(minutes=10)
_KEPT_AFTER_END = timedelta(days=30)


class InvalidKey(InvalidToken):
    """The key is unknown, has ended, or belongs to another user."""

    def __init__(self) -> None:
        super().__init__(_("This API key is not known, or it is over."))


def keys_of(user: User) -> QuerySet[ApiKey]:
    """Return the keys of a user, the newest first; ended ones are kept for some days."""
    return ApiKey.objects.filter(user=user).order_by("-pk")


def make_key(
    user: User,
    *,
    name: str,
    scopes: Collection[str],
    expires_in_days: int | None,
    password: str,
) -> tuple[ApiKey, str]:
    """Make a key; return it and its text, which is stored nowhere. Needs no confirmed address."""
    refuse_wrong_password(user, password)
    now = timezone.now()
    text = KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES)
    with acting(user):
        if keys_of(user).filter(live_keys()).count() >= MAX_KEYS:
            message = _("You have %(count)d keys. End one that you do not use.")
            raise Invalid(message % {"count": MAX_KEYS})
        key = ApiKey.objects.create(
            user=user,
            name=name.strip(),
            key_hash=_hash(text),
            hint=text[-_HINT_LETTERS:],
            scopes=[scope for scope in SCOPES if scope in scopes],
            created_at=now,
            expires_at=now + timedelta(days=expires_in_days) if expires_in_days else None,
        )
        queue_email_to(user, _MADE, params={"name": key.name, "hint": key.hint})
    log.info("key.made", user_id=user.pk, key_id=key.pk, scopes=key.scopes)
    return key, text


@email_kind(_MADE, is_limited=False)
def _tell_of_key(row: OutgoingEmail) -> EmailText:
    return EmailText(
        subject=_("A new API key"),
        body=_(
            "Hello %(name)s,\n\n"
            "a key for programs has just been made for your account: %(key)s (…%(hint)s)."
            " If that was you, all is well."
        )
        % {"name": row.user, "key": row.params["name"], "hint": row.params["hint"]},
        link=f"{settings.SITE_URL}/settings/keys",
        link_label=_("See my keys"),
        closing=_("If it was not you, end the key there, and set another password."),
    )


def use_key(text: str, *, username: str | None = None) -> ApiKey:
    """Return the key with its user, in one query; raises InvalidKey or Banned.

    `username`, where one is given, must be the owner's.
    """
    if not text.startswith(KEY_PREFIX):
        raise InvalidKey
    key = ApiKey.objects.filter(live_keys(), key_hash=_hash(text)).select_related("user").first()
    if key is None or not key.user.is_active:
        raise InvalidKey
    if username is not None and name_key(username) != key.user.username_key:
        raise InvalidKey
    refuse_banned(key.user)
    _note_use(key)
    return key


def end_key(user: User, pk: int) -> None:
    """End a key of the user; raises NotFound."""
    with acting(user):
        ended, _rows = ApiKey.objects.filter(user=user, pk=pk).delete()
    if not ended:
        raise NotFound(_("There is no such key."))
    log.info("key.ended", user_id=user.pk, key_id=pk)


def end_all_keys(user: User) -> None:
    """End all keys of the user."""
    with acting(user):
        remove_keys(user)


def remove_keys(user: User) -> None:
    """End all keys of a user, in the caller's transaction."""
    ended, _rows = ApiKey.objects.filter(user=user).delete()
    if ended:
        log.info("key.all_ended", user_id=user.pk, keys=ended)


@scheduled_task(every_seconds=86_400)
def purge_keys() -> int:
    """Delete keys that ended some days ago; return how many."""
    ended, _rows = ApiKey.objects.filter(expires_at__lt=timezone.now() - _KEPT_AFTER_END).delete()
    return ended


def _note_use(key: ApiKey) -> None:
    # A program that asks every second is not worth a write every second.
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - _USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk, last_used_at=key.last_used_at).update(last_used_at=now)


def _hash(text: str) -> str:
    # 256 random bits cannot be guessed from their hash: no salt and no slow hash needed.
    return hashlib.sha256(text.encode()).hexdigest()
