"""E-mail addresses are rows of allauth's EmailAddress; a confirmed one belongs to one user only.

The primary row is the address in use, which `User.email` repeats; another row is a new address that
waits to be confirmed. It is confirmed with a signed key that only an e-mail to the address holds.
"""

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.encoding import punycode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts.auth.authority import acting
from accounts.auth.passwords import refuse_wrong_password
from accounts.emails import EmailText, Limit, email_kind, queue_email, seconds_until_next
from accounts.models import OutgoingEmail, User
from common.http.errors import AppError, Invalid, Throttled

log = structlog.get_logger(__name__)

CONFIRM_DAYS = 3
_MAX_LENGTH = 254  # of the column; a foreign domain grows when it is written in ASCII
_SALT = "accounts.addresses.confirm"
_CONFIRM = "confirm"  # the kind of its emails
# Counted over all users who claim an address, so that strangers cannot use up its e-mails quickly.
_MAX_TO_ONE_ADDRESS = 20


class Unconfirmed(AppError):
    """The user has not confirmed an address yet."""

    code = "unconfirmed"
    status = 403


class DeadLink(AppError):
    """The key of an e-mail has ended, was used or forged, or its object is deleted."""

    code = "invalid_key"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("This link is over. Ask for a new one."))


# --- Reading ------------------------------------------------------------------------------------


def clean_address(email: str, *, field: str = "email") -> str:
    """Return the normal form of an address, the same for every spelling; raises Invalid."""
    email = email.strip()
    try:
        validate_email(email)
        name, _at, domain = email.rpartition("@")
        kept = f"{name}@{punycode(domain)}".lower()
    except (ValidationError, UnicodeError):
        kept = ""
    if not 0 < len(kept) <= _MAX_LENGTH:
        wrong = _("This is no e-mail address.")
        raise Invalid(wrong, fields={field: [wrong]})
    return kept


def is_confirmed(user: User) -> bool:
    """True with a confirmed address, and without any: then an admin made the account by hand."""
    rows = EmailAddress.objects.filter(user=user).values_list("primary", "verified")
    states = set(rows)
    return (True, False) not in states or any(verified for _primary, verified in states)


def pending_email(user: User) -> str | None:
    """Return the new address that waits to be confirmed; None where none does."""
    email: str | None = _pending(user).values_list("email", flat=True).first()
    return email


def refuse_unconfirmed(user: User) -> None:
    """Raise Unconfirmed where the user's address is not confirmed."""
    if not is_confirmed(user):
        raise Unconfirmed(_("Confirm your e-mail address first."))


def _pending(user: User) -> QuerySet[EmailAddress]:
    rows: QuerySet[EmailAddress] = EmailAddress.objects.filter(
        user=user, primary=False, verified=False
    ).order_by("-pk")
    return rows


# --- Claiming -----------------------------------------------------------------------------------


def claim_first_address(user: User, email: str) -> None:
    """Give a new account its address, and send the e-mail that asks to confirm it."""
    row = EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
    _write_confirmation(row)


def change_address(user: User, *, email: str, password: str) -> str:
    """Ask to confirm a new address; until then the old one stays. Returns its normal form.

    The answer does not tell whether another account has the address; only the e-mail to it does.
    """
    email = clean_address(email)
    refuse_wrong_password(user, password)
    with acting(user):
        if EmailAddress.objects.filter(user=user, primary=True, email=email).exists():
            same = _("This is your address already.")
            raise Invalid(same, fields={"email": [same]})
        _pending(user).exclude(email=email).delete()
        row, _is_new = EmailAddress.objects.get_or_create(
            user=user, email=email, defaults={"primary": False, "verified": False}
        )
        _write_confirmation(row)
    return email


def forget_change(user: User) -> None:
    """Drop the new address that waits to be confirmed; the links sent to it are dead."""
    with acting(user):
        _pending(user).delete()


def resend_confirmation(user: User) -> None:
    """Send the confirmation once more; does nothing where no address waits.

    Raises Throttled where the e-mail would be dropped because of its limit.
    """
    with acting(user):
        waiting = EmailAddress.objects.filter(user=user, verified=False)
        row = waiting.order_by("primary", "-pk").first()
        if row is not None:
            seconds = seconds_until_next(_CONFIRM, user=user, address=row.email)
            if seconds:
                raise Throttled(seconds)
            _write_confirmation(row)


def _write_confirmation(row: EmailAddress) -> None:
    # The request does the same work for every address: the worker looks who has it.
    queue_email(
        _CONFIRM,
        address=row.email,
        language=row.user.language,
        user=row.user,
        params={"address": row.pk},
    )


@email_kind(_CONFIRM, limit=Limit(a_day_together=_MAX_TO_ONE_ADDRESS))
def _ask_to_confirm(row: OutgoingEmail) -> EmailText | None:
    address = EmailAddress.objects.filter(pk=row.params["address"], verified=False).first()
    if address is None:
        return None
    owner = EmailAddress.objects.filter(email=row.address, verified=True).first()
    if owner is not None:
        with override(owner.user.language):
            return _tell_the_owner()
    key = signing.dumps(address.pk, salt=_SALT)
    greeting = _("Hello %(name)s,") % {"name": row.user}
    if address.primary:
        subject = _("Confirm your e-mail address")
        why = _("welcome to %(site)s! Confirm that this address is yours.")
    else:
        subject = _("Confirm your new e-mail address")
        why = _("confirm that this is the new address of your account at %(site)s.")
    days = ngettext("The link is good for %(days)d day.", "The link is good for %(days)d days.",
                    CONFIRM_DAYS) % {"days": CONFIRM_DAYS}  # fmt: skip
    return EmailText(
        subject=subject,
        body=f"{greeting}\n\n{why % {'site': settings.SITE_NAME}}",
        link=f"{settings.SITE_URL}/confirm#{key}",
        link_label=_("Confirm"),
        closing=f"{days} {_('If you know nothing of this, do nothing: the address is not used.')}",
    )


def _tell_the_owner() -> EmailText:
    return EmailText(
        subject=_("You have an account already"),
        body=_(
            "Hello,\n\nsomebody gave this address for an account at %(site)s. It belongs to an"
            " account already, and stays there.\n\nIf that was you, log in as before, or set a new"
            " password if the old one is forgotten. If not, there is nothing to do."
        )
        % {"site": settings.SITE_NAME},
        link=f"{settings.SITE_URL}/forgot",
        link_label=_("Set a new password"),
    )


# --- Confirming ---------------------------------------------------------------------------------


def confirm_address(key: str) -> str:
    """Confirm the address that a key is for, and return it; a second time changes nothing."""
    try:
        pk = signing.loads(key, salt=_SALT, max_age=CONFIRM_DAYS * 86_400)
    except signing.BadSignature as error:
        raise DeadLink from error
    row = EmailAddress.objects.select_related("user").filter(pk=pk).first()
    if row is None:
        raise DeadLink
    with transaction.atomic():
        settle_confirmed(row)
    email: str = row.email
    return email


def settle_confirmed(row: EmailAddress) -> None:
    """Make `row` its user's only address, within the caller's transaction; raises DeadLink.

    Of two users who claim an address, the database lets one confirm it.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=row.user_id)
    now = EmailAddress.objects.filter(pk=row.pk).first()
    if now is None:
        raise DeadLink
    if now.verified:
        return
    others = EmailAddress.objects.filter(user=user).exclude(pk=row.pk)
    old = others.filter(primary=True).first()
    if not now.primary:
        others.delete()
    try:
        with transaction.atomic():
            EmailAddress.objects.filter(pk=row.pk).update(verified=True, primary=True)
    except IntegrityError as error:
        raise DeadLink(_("Another account has confirmed this address.")) from error
    old_email = old.email if old is not None and old.verified else ""
    if old is None and not now.primary:
        old_email = user.email  # an admin made the account by hand: its address counted
    User.objects.filter(pk=user.pk).update(email=row.email)
    if old_email:
        queue_email("address_changed", address=old_email, language=user.language, user=user)
    log.info("address.confirmed", user_id=user.pk, is_change=not now.primary)


@email_kind("address_changed")
def _tell_the_old_address(row: OutgoingEmail) -> EmailText:
    return EmailText(
        subject=_("Your account has a new e-mail address"),
        body=_(
            "Hello %(name)s,\n\nyour account at %(site)s has another e-mail address from now on."
            " This one is not used any more.\n\nIf that was not you, somebody knows your password:"
            " write to the moderators at once."
        )
        % {"name": row.user, "site": settings.SITE_NAME},
    )
