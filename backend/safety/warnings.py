"""A moderator warns a user or gives a strike, short of a ban."""

import uuid

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision, require_reason
from accounts.auth.authority import acting
from accounts.emails import queue_email_to
from accounts.models import User
from accounts.roles.bans import add_strike, refuse_unless_above
from common.http.errors import AlreadyDecided, NotFound
from safety.emails import WARNING
from safety.models import ModeratorWarning

MANUAL_STRIKE = "manual"


def warn_user(
    user: User, *, moderator: User, text: str, form_key: uuid.UUID | None = None
) -> ModeratorWarning:
    """Warn a user, who sees it in the web app and gets it by e-mail.

    A form that is sent twice, with the same `form_key`, raises AlreadyDecided.
    """
    text = require_reason(text)
    try:
        with acting(moderator):
            refuse_unless_above(moderator, user, permission="safety.warn_user")
            warning = ModeratorWarning.objects.create(
                user=user, text=text, moderator=moderator, form_key=form_key or uuid.uuid4()
            )
            log_decision(user, action="warn", actor=moderator, reason=text)
            queue_email_to(user, WARNING, params={"warning": warning.pk})
    except IntegrityError as error:
        raise AlreadyDecided(_("This warning has been sent already.")) from error
    return warning


def see_warning(pk: int, *, user: User) -> None:
    """Note that the user has read a warning; a second time changes nothing."""
    own = ModeratorWarning.objects.filter(pk=pk, user=user)
    with acting(user):
        seen = own.filter(seen_at__isnull=True).update(seen_at=timezone.now())
        if not seen and not own.exists():
            raise NotFound(_("There is nothing here."))


def strike_user(
    user: User, *, moderator: User, reason: str, form_key: uuid.UUID | None = None
) -> bool:
    """Give a strike by hand; `STRIKES_TO_BAN` of them within the window ban the user for good.

    Return True where this strike did so. A form that is sent twice, with the same `form_key`,
    raises AlreadyDecided.
    """
    reason = require_reason(reason)
    with acting(moderator, on=user):
        refuse_unless_above(moderator, user, permission="safety.strike_user")
        # Logged before the strike is counted, so that a ban that follows from it comes later in the
        # log.
        log_decision(user, action="strike", actor=moderator, reason=reason)
        subject = f"form:{form_key or uuid.uuid4()}"
        counted = add_strike(user, code=MANUAL_STRIKE, subject=subject, reason=reason)
        if not counted.is_new:
            raise AlreadyDecided(_("This strike has been counted already."))
    user.refresh_from_db()
    return counted.has_banned
