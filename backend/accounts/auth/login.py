"""Logging in, for the API and the admin: password, ban, second factor.

Every attempt is reserved first and hashed once, also for unknown users; so a wrong password, an
unknown name, a banned account and one without a password look alike from outside, in answer,
queries and time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.auth.authority import refuse_banned
from accounts.auth.backends import find_by_login
from accounts.auth.hashers import spend_password_check
from accounts.auth.login_throttling import (
    ClientContext,
    code_limiters,
    forget_device_attempts,
    password_limiters,
    release_attempt,
    reserve_attempt,
)
from accounts.auth.second_factor import (
    InvalidCode,
    SecondFactorRequired,
    has_second_factor,
    spend_code,
)
from accounts.models import User
from common.http.errors import AppError

log = structlog.get_logger(__name__)


class WrongCredentials(AppError):
    """The name or the password is wrong; the answer does not tell which."""

    code = "invalid_credentials"
    status = 401

    def __init__(self) -> None:
        super().__init__(_("The name or the password is wrong."))


@dataclass(frozen=True)
class Entrance:
    """A user who logged in, and whether a second factor was asked for."""

    user: User
    second_factor: bool


def log_in(login: str, password: str, *, client: ClientContext, code: str = "") -> Entrance:
    """Check password, ban and code in one call; the caller opens the session.

    Raises Throttled, WrongCredentials, Banned, SecondFactorRequired or InvalidCode.
    """
    user = check_login(login, password, client=client)
    is_asked = has_second_factor(user)
    if is_asked:
        check_code(user, code, client=client)
    finish_login(user, client=client, second_factor=is_asked)
    return Entrance(user, is_asked)


def check_login(login: str, password: str, *, client: ClientContext) -> User:
    """Do the first step: check the password. Only after the right one does Banned tell of a ban."""
    user = find_by_login(login)
    with _refusals_logged("password", user, client):
        limiters = password_limiters(login, user, client)
        reserve_attempt(limiters)
        if user is None or not user.has_usable_password():
            spend_password_check(password)
            is_right = False
        else:
            is_right = user.check_password(password) and user.is_active
        if user is None or not is_right:
            raise WrongCredentials
        release_attempt(limiters)
        refuse_banned(user)
    return user


def check_code(user: User, code: str, *, client: ClientContext) -> None:
    """Do the second step: check a code of the app, or a recovery code."""
    if not code.strip():
        raise SecondFactorRequired(_("Type the code of your second factor."), status=401)
    with _refusals_logged("code", user, client):
        limiters = code_limiters(user, client)
        reserve_attempt(limiters)
        try:
            spend_code(user, code)
        except InvalidCode as error:
            raise InvalidCode(status=401) from error
        release_attempt(limiters)


def finish_login(user: User, *, client: ClientContext, second_factor: bool) -> None:
    """Do the last step: reset the device's failed attempts, and write `last_login`.

    Raises WrongCredentials where the account was deleted meanwhile.
    """
    if not User.objects.filter(pk=user.pk).update(last_login=timezone.now()):
        raise WrongCredentials
    forget_device_attempts(user, client)
    log.info("login", user_id=user.pk, second_factor=second_factor, network=_short(client))


@contextmanager
def _refusals_logged(step: str, user: User | None, client: ClientContext) -> Iterator[None]:
    """Log refused logins without what was typed: users put passwords into the wrong field."""
    try:
        yield
    except AppError as error:
        user_id = user.pk if user else None
        log.info(
            "login.refused", step=step, code=error.code, user_id=user_id, network=_short(client)
        )
        raise


def _short(client: ClientContext) -> str:
    # Enough to see that many come from one network, without the address.
    return client.network[:12]
