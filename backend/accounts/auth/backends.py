"""Who somebody is who says so, and how long an admin page keeps to it.

Logging in is `accounts.auth.login`'s; this is what Django asks.
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
    """Django's backend with our idea of who may come in."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Let nobody in: a password alone is not enough, and every one that is tried is counted."""
        return

    def user_can_authenticate(self, user: AbstractBaseUser | AnonymousUser | None) -> bool:
        """Refuse the banned too, so that their admin session ends with the ban."""
        return isinstance(user, User) and user.is_active and not user.is_banned


def find_by_login(login: str) -> User | None:
    """Find a person by name, or by an address that they confirmed; always the same queries."""
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
    except Invalid:  # asked for all the same: a refusal here would take less time
        return login.strip()
