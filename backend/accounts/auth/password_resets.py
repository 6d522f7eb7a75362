"""Resetting a forgotten password: by a link that is sent to the address of the account."""

from datetime import timedelta

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.auth.addresses import DeadLink, clean_address, settle_confirmed
from accounts.auth.api_keys import remove_keys
from accounts.auth.login_throttling import forget_attempts
from accounts.auth.passwords import refuse_weak_password, replace_password
from accounts.emails import EmailText, Limit, email_kind, queue_email
from accounts.models import OutgoingEmail, User

log = structlog.get_logger(__name__)

RESET_SECONDS = 3600
# Strangers may ask for any address: they make its owner wait for the next e-mail, and never lock
# them out, for the e-mail goes to the owner whoever asked.
_LONGEST_PAUSE = timedelta(hours=2)
_SALT = "accounts.resets"
# Accounts that claim one address without having confirmed it; more of them are a prank.
_MAX_CLAIMS = 5


def ask_for_reset(email: str, *, language: str) -> None:
    """Queue an e-mail to any address; the worker looks whether an account has it."""
    address = clean_address(email)
    with transaction.atomic():
        queue_email("reset", address=address, language=language)


@email_kind("reset", limit=Limit(a_day=None, longest_pause=_LONGEST_PAUSE))
def _write_reset(row: OutgoingEmail) -> EmailText | None:
    users = _users_of(row.address)
    if not users:
        return None
    with override(users[0].language):
        links = {user: f"{settings.SITE_URL}/reset#{_key_for(user, row.address)}" for user in users}
        hello = _("Hello %(name)s,") % {"name": users[0]}
        why = _("somebody, hopefully you, asked for a new password at %(site)s.") % {
            "site": settings.SITE_NAME
        }
        text = EmailText(
            subject=_("Set a new password"),
            body=f"{hello}\n\n{why}",
            link=links[users[0]],
            link_label=_("Set a new password"),
            closing=_(
                "The link is good for an hour, and once. If you did not ask for it, do nothing:"
                " your password stays as it is."
            ),
        )
        if len(users) == 1:
            return text
        several = _("Several accounts were opened with this address. Choose one:")
        listed = "\n\n".join(f"{user}\n{link}" for user, link in links.items())
        return EmailText(text.subject, f"{why}\n\n{several}\n\n{listed}", closing=text.closing)


def reset_password(key: str, password: str) -> User:
    """Set the password of the account that the key is for; raises DeadLink or Invalid.

    All sessions and API keys end. The link proves who owns the mailbox, so its address is confirmed
    if it was not, and the limiters of the account's logins are reset.
    """
    user, address = _read_key(key)
    refuse_weak_password(password, user)
    with transaction.atomic():
        row = EmailAddress.objects.filter(user=user, email=address).first()
        if row is None:  # an admin made the account by hand
            row = EmailAddress.objects.create(user=user, email=address, primary=True)
        settle_confirmed(row)
        if not replace_password(user, password):
            raise DeadLink
        remove_keys(user)
    forget_attempts(user)
    log.info("password.reset", user_id=user.pk)
    return user


def _users_of(address: str) -> list[User]:
    """Return the users whose password an e-mail to `address` may reset.

    It is one user where the address is confirmed, otherwise those who claim it.
    """
    rows = EmailAddress.objects.filter(email=address, user__is_active=True).select_related("user")
    confirmed = rows.filter(verified=True).first()
    if confirmed is not None:
        return [confirmed.user]
    claimed = [row.user for row in rows.filter(primary=True).order_by("-pk")[:_MAX_CLAIMS]]
    by_hand = User.objects.filter(email__iexact=address, emailaddress=None, is_active=True)
    return claimed or list(by_hand.order_by("-pk")[:_MAX_CLAIMS])


def _key_for(user: User, address: str) -> str:
    return signing.dumps([user.pk, _fingerprint(user, address)], salt=_SALT)


def _read_key(key: str) -> tuple[User, str]:
    try:
        pk, fingerprint = signing.loads(key, salt=_SALT, max_age=RESET_SECONDS)
    except signing.BadSignature as error:
        raise DeadLink from error
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None:
        raise DeadLink
    rows = EmailAddress.objects.filter(user=user, primary=True).values_list("email", flat=True)
    for address in [*rows, user.email.lower()]:
        if constant_time_compare(fingerprint, _fingerprint(user, address)):
            return user, address
    raise DeadLink


def _fingerprint(user: User, address: str) -> str:
    # The key ends when the password or the address changes; logging in changes neither.
    of_what = f"{user.pk} {user.password} {address}"
    return salted_hmac(_SALT, of_what, algorithm="sha256").hexdigest()[:32]
