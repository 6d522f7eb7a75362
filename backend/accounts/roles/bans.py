"""Strikes and bans: the third malicious upload within a month bans the uploader.

Staff are not banned by it: otherwise a stolen key that may only upload would lock out those who can
help. Instead that key ends, and the admins get an e-mail.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.auth.sessions import end_all_sessions
from accounts.emails import EmailText, email_kind, queue_emails_to
from accounts.models import ApiKey, OutgoingEmail, Strike, User, active_ban
from accounts.roles.groups import ADMIN, TRUSTED, UPLOADER, grant_role
from common.http.errors import AlreadyDecided, Forbidden

log = structlog.get_logger(__name__)

_STAFF_SPARED = "staff_spared"


@dataclass(frozen=True)
class Counted:
    """The outcome of a strike; it is not new where its subject has been counted before."""

    is_new: bool
    has_banned: bool = False


def add_strike(
    user: User, *, code: str, subject: str, reason: str = "", key_id: int | None = None
) -> Counted:
    """Count a strike once for each subject; at `STRIKES_TO_BAN` within the window, ban for good.

    `reason` is the moderator's where one gave the strike; `key_id` is the API key that the upload
    came with. Staff are not banned: that key ends, and the admins get an e-mail.
    """
    with transaction.atomic():
        # Read anew: the object `user` may be limited to the scopes of a key.
        row = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
        if row is None:
            return Counted(is_new=False)  # the account was deleted meanwhile
        strike, is_new = Strike.objects.get_or_create(
            user=user, subject=subject, defaults={"code": code, "reason": reason}
        )
        if is_new:
            _end_trust(user, code=code)
        if not is_new or not settings.STRIKES_TO_BAN:
            return Counted(is_new=is_new)
        since = timezone.now() - settings.STRIKE_WINDOW
        standing = row.strikes.filter(created_at__gte=since, lifted_at__isnull=True)
        count = standing.count()
        log.warning("strike", user_id=user.pk, code=code, subject=subject, count=count)
        if count < settings.STRIKES_TO_BAN:
            return Counted(is_new=True)
        if row.can_enter_admin:
            _spare_staff(row, strike, key_id=key_id)
            return Counted(is_new=True)
        told = _("Several strikes.") if reason else _("Several malicious uploads.")
        has_banned = _set_ban(user, reason=told, until=None, actor=None)
    return Counted(is_new=True, has_banned=has_banned)


def ban_user(user: User, *, moderator: User, reason: str, until: datetime | None = None) -> None:
    """Ban until `until`, or for good; it ends sessions and tokens at the next request.

    A ban that lasts can be made longer, never shorter: that raises AlreadyDecided.
    """
    with acting(moderator, on=user):
        refuse_unless_above(moderator, user)
        if not _set_ban(user, reason=reason, until=until, actor=moderator):
            raise AlreadyDecided(_("This person is banned already, for as long or longer."))


def lift_ban(user: User, *, moderator: User, reason: str) -> None:
    """End a ban now; the strikes until now are lifted and lead to no other."""
    with acting(moderator, on=user):
        refuse_unless_above(moderator, user)
        lifted = User.objects.filter(active_ban(), pk=user.pk).update(
            banned_at=None, banned_until=None, ban_reason=""
        )
        if not lifted:
            raise AlreadyDecided(_("This person is not banned."))
        user.strikes.filter(lifted_at__isnull=True).update(lifted_at=timezone.now())
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
    """Raise Forbidden unless `moderator` may act on `user`.

    Nobody may act on their own account, and only admins may on those of moderators and admins.
    """
    if not moderator.has_perm(permission):
        raise Forbidden(_("Only moderators may do this."))
    is_peer = user.is_superuser or user.has_perm("accounts.ban_user")
    is_admin = moderator.has_perm("accounts.change_user")
    if user.pk == moderator.pk or (is_peer and not is_admin):
        raise Forbidden(_("You may not do this to this person."))


def _spare_staff(user: User, strike: Strike, *, key_id: int | None) -> None:
    """End the API key of a staff member's malicious uploads; tell them and the admins by e-mail."""
    key = ApiKey.objects.filter(pk=key_id, user=user).first() if key_id is not None else None
    if key is not None:
        key.delete()
    log_decision(
        user, action="spare_staff", actor=None, reason=strike.code,
        to_state="key ended" if key is not None else "",
    )  # fmt: skip
    log.warning("strike.staff_spared", user_id=user.pk, key_id=key_id)
    admins = Q(is_superuser=True) | Q(groups__name=ADMIN)
    told = User.objects.filter(Q(pk=user.pk) | admins, is_active=True).distinct()
    words = {"key": key.name, "hint": key.hint} if key is not None else {}
    queue_emails_to(told, _STAFF_SPARED, params={"strike": strike.pk, **words})


@email_kind(_STAFF_SPARED, is_limited=False)
def _tell_of_spared_staff(row: OutgoingEmail) -> EmailText | None:
    strike = Strike.objects.select_related("user").filter(pk=row.params["strike"]).first()
    if strike is None:
        return None  # the account was deleted
    body = _(
        "Hello %(name)s,\n\nuploads of %(uploader)s were meant to do harm, so many that others"
        " would be banned for it. Who is of the staff is not banned by itself."
    ) % {"name": row.user, "uploader": strike.user}
    if "key" in row.params:
        body += " " + _(
            "The API key that the last one came with is ended: %(key)s (…%(hint)s)."
        ) % {
            "key": row.params["key"],
            "hint": row.params["hint"],
        }
    return EmailText(
        subject=_("Malicious uploads of %(name)s") % {"name": strike.user},
        body=body,
        closing=_(
            "If it was not %(name)s, somebody has a key or a token of theirs: they should set"
            " another password and end all keys. If it was, an admin decides."
        )
        % {"name": strike.user},
    )


def _end_trust(user: User, *, code: str) -> None:
    """Make a trusted uploader with a strike a plain one, whose uploads wait for review."""
    memberships = User.groups.through.objects.filter(user=user, group__name=TRUSTED)
    ended, _rows = memberships.delete()
    if ended:
        grant_role(user, UPLOADER)
        log_decision(
            user, action="untrust", actor=None, from_state=TRUSTED, to_state=UPLOADER, reason=code
        )


def _set_ban(user: User, *, reason: str, until: datetime | None, actor: User | None) -> bool:
    """Ban a user who is not banned, or not for so long; return False for others."""
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
