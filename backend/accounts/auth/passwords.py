"""Passwords are confirmed before important changes, and changed."""

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.auth.authority import acting, confirm_authority
from accounts.auth.hashers import normalize_password
from accounts.auth.login_throttling import confirmation_limiters, release_attempt, reserve_attempt
from accounts.auth.sessions import InvalidToken, Tokens, end_all_sessions, open_session
from accounts.emails import EmailText, email_kind, queue_email_to
from accounts.models import OutgoingEmail, Session, User
from common.http.errors import Invalid

log = structlog.get_logger(__name__)

MAX_PASSWORD_LENGTH = 1000


class MaximumLengthValidator:
    """Refuses passwords that are longer than anybody types: hashing them would cost us much."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for a password that is too long."""
        if len(password) > MAX_PASSWORD_LENGTH:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """Return the rule."""
        return _("A password has at most %(max)d characters.") % {"max": MAX_PASSWORD_LENGTH}


def refuse_wrong_password(user: User, password: str, *, field: str = "password") -> None:
    """Raise Invalid, with its message under `field`, unless this is the user's password.

    Wrong ones are counted, and after some of them it raises Throttled; so it must not run in a
    transaction. The password is compared with the object of the request, which may be out of date:
    `confirm_authority` compares that with the row.
    """
    limiters = confirmation_limiters(user)
    reserve_attempt(limiters)
    if not user.check_password(password):
        raise _wrong_password(field)
    release_attempt(limiters)
    confirm_authority(user)


def refuse_weak_password(password: str, user: User, *, field: str = "password") -> None:
    """Raise Invalid, with its message under `field`, for a password that is easily guessed."""
    try:
        validate_password(normalize_password(password), user)
    except ValidationError as error:
        raise Invalid(error.messages[0], fields={field: list(error.messages)}) from error


def change_password(user: User, *, old_password: str, new_password: str, session_id: int) -> Tokens:
    """Set a new password and log every device out; return new tokens for this one."""
    refuse_wrong_password(user, old_password, field="old_password")
    refuse_weak_password(new_password, user, field="new_password")
    here = Session.objects.filter(pk=session_id, user=user).first()
    if here is None:
        raise InvalidToken
    with acting(user):
        if not replace_password(user, new_password):
            raise _wrong_password("old_password")
        tokens = open_session(
            user, device=here.device, network=here.network, second_factor=here.second_factor,
            in_browser=here.in_browser,
        )  # fmt: skip
    log.info("password.changed", user_id=user.pk)
    return tokens


def replace_password(user: User, password: str) -> bool:
    """Replace the password that `user` was read with; False where it has been replaced already.

    Whatever the old password began ends with it: sessions, and a change of address. The user gets
    an e-mail. Runs in the caller's transaction.
    """
    old = user.password
    user.set_password(password)
    replaced = User.objects.filter(pk=user.pk, password=old).update(password=user.password)
    if not replaced:
        user.password = old
        return False
    EmailAddress.objects.filter(user=user, primary=False, verified=False).delete()
    end_all_sessions(user)
    queue_email_to(user, "password_changed")
    return True


@email_kind("password_changed")
def _tell_of_new_password(row: OutgoingEmail) -> EmailText:
    return EmailText(
        subject=_("Your password was changed"),
        body=_(
            "Hello %(name)s,\n\n"
            "the password of your account has just been changed, and all other devices are logged"
            " out. If that was you, all is well."
        )
        % {"name": row.user},
        link=f"{settings.SITE_URL}/forgot",
        link_label=_("It was not me"),
        closing=_("If it was not you, set another password now."),
    )


def _wrong_password(field: str) -> Invalid:
    wrong = _("The password is wrong.")
    return Invalid(wrong, fields={field: [wrong]})
