"""Deleting an account: shared content stays without a name, private data is deleted."""

import structlog
from allauth.account.models import EmailAddress
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.auth.passwords import refuse_wrong_password
from accounts.auth.sessions import end_all_sessions
from accounts.emails import EmailText, email_kind, queue_email
from accounts.models import OutgoingEmail, User
from common.personal_data import erase_user

log = structlog.get_logger(__name__)


def delete_account(user: User, *, password: str) -> None:
    """Delete the account and all that is only the user's, every part or none.

    Raises Invalid for a wrong password, InvalidToken where the account is gone already, and Banned:
    a deleted account is forgotten, and a ban must not be.
    """
    refuse_wrong_password(user, password)
    with acting(user):
        address = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary").first()
        locked = User.objects.select_for_update().get(pk=user.pk)
        end_all_sessions(locked)
        log_decision(locked, action="delete_account", actor=None, to_state="deleted")
        erase_user(locked.pk)
        locked.delete()
        if address is not None:
            queue_email("goodbye", address=address.email, language=locked.language)
    log.info("account.deleted", user_id=user.pk)


@email_kind("goodbye", is_limited=False)
def _write_goodbye(_email: OutgoingEmail) -> EmailText:
    return EmailText(
        subject=_("Your account is deleted"),
        body=_(
            "Your account and everything that was yours alone is deleted. What you shared with "
            "everybody stays, without your name."
        ),
        closing=_("If it was not you who did this, write to the admins."),
    )
