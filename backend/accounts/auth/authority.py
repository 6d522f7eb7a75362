"""A user's rights are asked for once more in the transaction that writes.

A body may come minutes after the headers that let its sender in. Meanwhile the sender may have been
banned, may have lost a role, or the owner of a stolen token may have set another password. So every
action of a user opens its transaction with `acting`; nothing is written for a user without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import naming_actor
from accounts.auth.sessions import InvalidToken
from accounts.models import ApiKey, User, live_keys
from common.http.errors import AppError, Forbidden

_CACHED_PERMISSIONS = ("_perm_cache", "_user_perm_cache", "_group_perm_cache")


class Banned(AppError):
    """The user is banned; the message says why and until when."""

    code = "banned"
    status = 403

    def __init__(self, user: User) -> None:
        if user.banned_until:
            until = user.banned_until.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
            message = _("You are banned until %(until)s: %(reason)s") % {
                "until": until,
                "reason": user.ban_reason,
            }
        else:
            message = _("You are banned: %(reason)s") % {"reason": user.ban_reason}
        super().__init__(message)


def refuse_banned(user: User) -> None:
    """Raise Banned where the user is banned."""
    if user.is_banned:
        raise Banned(user)


@contextmanager
def acting(user: User, *, on: User | None = None, permission: str | None = None) -> Iterator[None]:
    """Open the transaction of an action of `user`, which may be logged under their name.

    `user` is the object that the request was authenticated with: what it holds is compared with the
    row, which stays locked until the transaction ends. Permissions are read anew from here on, as
    those that were looked up before stick to the object. `permission` is the one that a moderator
    needs for it. `on` is the user whose row the action changes: both rows are locked here, in one
    order, so that two users who act on each other do not wait for ever.

    Raises InvalidToken where the password, the epoch or the API key has changed or ended, Banned,
    and Forbidden without `permission`.
    """
    with transaction.atomic():
        ids = {user.pk} if on is None else {user.pk, on.pk}
        rows = User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
        _compare(user, {row.pk: row for row in rows}.get(user.pk))
        _forget_permissions(user)
        if permission is not None and not user.has_perm(permission):
            raise Forbidden(_("Only moderators may do this."))
        with naming_actor(user):
            yield


def confirm_authority(user: User) -> None:
    """Raise InvalidToken or Banned as `acting` does, for what only reads."""
    _compare(user, User.objects.filter(pk=user.pk).first())


def _forget_permissions(user: User) -> None:
    for name in _CACHED_PERMISSIONS:
        user.__dict__.pop(name, None)


def _compare(user: User, now: User | None) -> None:
    user.lost_authority = True  # until all checks below have passed
    if now is None or not now.is_active:
        raise InvalidToken
    refuse_banned(now)
    if user.used_key_id is not None:
        # Keys stay when the password changes, and end by themselves.
        is_alive = ApiKey.objects.filter(live_keys(), pk=user.used_key_id, user=user.pk).exists()
    else:
        is_alive = (now.password, now.admin_epoch) == (user.password, user.admin_epoch) and (
            user.token_epoch is None or now.epoch == user.token_epoch
        )
    if not is_alive:
        raise InvalidToken
    user.lost_authority = False
