"""Whether whoever acts still may, asked again as they write.

A body may come minutes after the headers that let its sender in. Meanwhile they may have been
banned, or the owner of a stolen token may have set another password. So every act of a person opens
its transaction with `acting`; nothing of theirs is written without.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import naming_actor
from accounts.auth.sessions import InvalidToken
from accounts.models import ApiKey, User, live_keys
from common.http.errors import AppError

_CACHED_PERMISSIONS = ("_perm_cache", "_user_perm_cache", "_group_perm_cache")


class Banned(AppError):
    """The person is banned; the sentence says why and until when."""

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
    """Raise Banned for a banned person."""
    if user.is_banned:
        raise Banned(user)


@contextmanager
def acting(user: User, *, on: User | None = None) -> Iterator[None]:
    """Open the transaction of an act of `user`, which may be logged under their name.

    `user` is the object that the request was let in with: what it holds is compared with the row,
    which stays locked until the transaction ends. Raises InvalidToken where the password, the epoch
    or the key is another now or over, and Banned. `on` is the person whose row the act changes:
    both are locked here, in one order, so that two who act on each other do not wait for ever.
    """
    with transaction.atomic():
        ids = {user.pk} if on is None else {user.pk, on.pk}
        rows = User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
        _compare(user, {row.pk: row for row in rows}.get(user.pk))
        with naming_actor(user):
            yield


def confirm_authority(user: User) -> None:
    """Raise as `acting` does, for what reads and writes nothing."""
    _compare(user, User.objects.filter(pk=user.pk).first())


def forget_rights(user: User) -> None:
    """Have what `user` may do asked anew: permissions that were looked up stick to the object.

    Who loses a role of staff is logged out with it; this is for the other roles.
    """
    for name in _CACHED_PERMISSIONS:
        user.__dict__.pop(name, None)


def _compare(user: User, now: User | None) -> None:
    user.lost_authority = True  # unless all of this holds
    if now is None or not now.is_active:
        raise InvalidToken
    refuse_banned(now)
    if user.used_key_id is not None:
        # Keys outlive a changed password, and end by themselves.
        is_alive = ApiKey.objects.filter(live_keys(), pk=user.used_key_id, user=user.pk).exists()
    else:
        is_alive = (now.password, now.admin_epoch) == (user.password, user.admin_epoch) and (
            user.token_epoch is None or now.epoch == user.token_epoch
        )
    if not is_alive:
        raise InvalidToken
    user.lost_authority = False
