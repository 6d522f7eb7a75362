"""Accounts that admins create and change by hand; every change of rights is logged."""

from collections.abc import Collection

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.addresses import clean_address
from accounts.auth.authority import acting
from accounts.auth.passwords import replace_password
from accounts.auth.sessions import end_all_sessions
from accounts.models import User
from accounts.roles.groups import ADMIN, MODERATOR
from common.http.errors import Forbidden, Invalid

_RIGHTS = {"is_staff", "is_superuser"}


def settle_address(user: User) -> None:
    """Make `user.email` the user's only address, confirmed because an admin entered it."""
    email = clean_address(user.email) if user.email.strip() else ""
    with transaction.atomic():
        refuse_taken_address(email, user=user)
        EmailAddress.objects.filter(user=user).exclude(email=email).delete()
        if email:
            EmailAddress.objects.update_or_create(
                user=user, email=email, defaults={"verified": True, "primary": True}
            )


def refuse_taken_address(email: str, *, user: User | None = None) -> None:
    """Raise Invalid where another user has confirmed this address."""
    others = EmailAddress.objects.filter(email=email, verified=True)
    if user is not None and user.pk:
        others = others.exclude(user=user)
    if email and others.exists():
        taken = _("Somebody else has this address.")
        raise Invalid(taken, fields={"email": [taken]})


def record_account_edit(
    user: User,
    *,
    admin: User,
    changed: Collection[str],
    roles_before: Collection[str] = (),
    is_new: bool = False,
) -> None:
    """Log the edit of an account that was saved, with its roles before and after.

    A user who becomes staff, or stops being staff, has to log in again, in the admin too.
    """
    roles = sorted(user.groups.values_list("name", flat=True))
    before = sorted(roles_before)
    with acting(admin, on=user):
        _refuse_unless_admin(admin)
        moved = set(roles) ^ set(before)
        if not is_new and (
            not user.is_active or moved & {MODERATOR, ADMIN} or _RIGHTS.intersection(changed)
        ):
            end_all_sessions(user)
        if is_new or changed:
            log_decision(
                user,
                action="create_user" if is_new else "edit_user",
                actor=admin,
                from_state=_roles(before),
                to_state=_roles(roles),
                reason=", ".join(changed),
            )


def set_password_for(user: User, *, admin: User, password: str) -> None:
    """Set a new password for a user; all their devices are logged out."""
    with acting(admin, on=user):
        _refuse_unless_admin(admin)
        # Read anew: it is replaced, whatever it is by now.
        now = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        replace_password(now, password)
        log_decision(user, action="set_password", actor=admin)
    # So that an admin who sets their own password stays logged in.
    user.password, user.admin_epoch = now.password, now.admin_epoch


def _refuse_unless_admin(user: User) -> None:
    if not user.has_perm("accounts.change_user"):
        raise Forbidden(_("Only admins may do this."))


def _roles(names: list[str]) -> str:
    return ", ".join(names)[:40]
