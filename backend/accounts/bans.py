"""Strikes and bans: malicious uploads count, the third within a month closes the door."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.authority import acting, refuse_banned
from accounts.models import Strike, User, active_ban
from accounts.roles import TRUSTED, UPLOADER, grant_role
from accounts.sessions import end_all_sessions
from common.errors import AlreadyDecided, Forbidden

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Counted:
    """What became of a strike: not new where its subject has been counted before."""

    is_new: bool
    has_banned: bool = False


def add_strike(user: User, *, code: str, subject: str, reason: str = "") -> Counted:
    """Count a malicious act once; at `STRIKES_TO_BAN` within the window, ban for good.

    `reason` is a moderator's.
    """
    with transaction.atomic():
        if not User.objects.select_for_update(no_key=True).filter(pk=user.pk).exists():
            return Counted(is_new=False)  # left meanwhile
        _strike, is_new = Strike.objects.get_or_create(
            user=user, subject=subject, defaults={"code": code, "reason": reason}
        )
        if is_new:
            _end_trust(user, code=code)
        if not is_new or not settings.STRIKES_TO_BAN:
            return Counted(is_new=is_new)
        since = timezone.now() - settings.STRIKE_WINDOW
        count = user.strikes.filter(created_at__gte=since).count()
        log.warning("strike", user_id=user.pk, code=code, subject=subject, count=count)
        if count < settings.STRIKES_TO_BAN:
            return Counted(is_new=True)
        told = _("Several strikes.") if reason else _("Several malicious uploads.")
        has_banned = _set_ban(user, reason=told, until=None, actor=None)
    return Counted(is_new=True, has_banned=has_banned)


def ban_user(user: User, *, moderator: User, reason: str, until: datetime | None = None) -> None:
    """Ban until `until`, or for good; sessions, tokens and uploads stop at the next request.

    A ban in force gets longer by it, and never shorter: then it raises AlreadyDecided.
    """
    refuse_unless_above(moderator, user)
    with acting(moderator, on=user):
        if not _set_ban(user, reason=reason, until=until, actor=moderator):
            raise AlreadyDecided(_("This person is banned already, for as long or longer."))


def lift_ban(user: User, *, moderator: User, reason: str) -> None:
    """End a ban now."""
    refuse_unless_above(moderator, user)
    with acting(moderator, on=user):
        lifted = User.objects.filter(active_ban(), pk=user.pk).update(
            banned_at=None, banned_until=None, ban_reason=""
        )
        if not lifted:
            raise AlreadyDecided(_("This person is not banned."))
        log_decision(
            user,
            action="lift_ban",
            actor=moderator,
            from_state="banned",
            to_state="free",
            reason=reason,
        )
    user.refresh_from_db()


def refuse_unless_above(
    moderator: User, user: User, *, permission: str = "accounts.ban_user"
) -> None:
    """Raise unless `moderator` may act on `user`: not on oneself, and only admins on their like."""
    refuse_banned(moderator)
    if not moderator.has_perm(permission):
        raise Forbidden(_("Only moderators may do this."))
    is_peer = user.is_superuser or user.has_perm("accounts.ban_user")
    is_admin = moderator.has_perm("accounts.change_user")
    if user.pk == moderator.pk or (is_peer and not is_admin):
        raise Forbidden(_("You may not do this to this person."))


def _end_trust(user: User, *, code: str) -> None:
    """Let the uploads of somebody with a strike wait for review again."""
    memberships = User.groups.through.objects.filter(user=user, group__name=TRUSTED)
    ended, _rows = memberships.delete()
    if ended:
        grant_role(user, UPLOADER)
        log_decision(
            user, action="untrust", actor=None, from_state=TRUSTED, to_state=UPLOADER, reason=code
        )


def _set_ban(user: User, *, reason: str, until: datetime | None, actor: User | None) -> bool:
    """Ban who is free, or for longer than until now; False where neither is so."""
    rows = User.objects.filter(pk=user.pk)
    ends_earlier = Q(banned_until__isnull=False) if until is None else Q(banned_until__lt=until)
    candidates = {
        "free": rows.exclude(active_ban()),
        "banned": rows.filter(active_ban(), ends_earlier),
    }
    for from_state, found in candidates.items():
        banned = found.update(banned_at=timezone.now(), banned_until=until, ban_reason=reason)
        if banned:
            end_all_sessions(user)
            log_decision(
                user,
                action="ban",
                actor=actor,
                from_state=from_state,
                to_state="banned",
                reason=reason,
            )
            user.refresh_from_db()
            return True
    return False
