"""Django's authentication backend: finds users by name or address, and ends admin sessions.

It logs nobody in; `accounts.auth.login` does.
"""

from typing import Any, cast

from allauth.account.models import EmailAddress
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.auth.addresses import clean_address
from accounts.models import User
from common.http.errors import Invalid


class NameOrEmailBackend(ModelBackend):
    """Finds users by name or confirmed address, and keeps banned ones out of the admin."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Return None: a password alone is no login; `accounts.auth.login` counts the attempts."""
        return

    def user_can_authenticate(self, user: AbstractBaseUser | AnonymousUser | None) -> bool:
        """Return False for banned users too, so that a ban ends their admin sessions."""
        return isinstance(user, User) and user.is_active and not user.is_banned


def find_by_login(login: str) -> User | None:
    """Find a user by name or by a confirmed address, always with the same queries."""
    by_address = None
    if "@" in login:
        by_address = (
            EmailAddress.objects.filter(email=_as_kept(login), verified=True)
            .select_related("user")
            .first()
        )
    by_name = User.objects.called(login)
    return cast(User, by_address.user) if by_address is not None else by_name


def _as_kept(login: str) -> str:
    try:
        return clean_address(login)
    except Invalid:  # the query runs all the same: without it the answer would take less time
        return login.strip()
