"""Logging in, the one story of the API and the admin: password, ban, second factor.

Every check is reserved as a guess first and hashed once, whoever is meant; so wrong, unknown,
banned and without a password look alike from outside, in answer, queries and work.
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
    """The name or the password is wrong; which one is nobody's business."""

    code = "invalid_credentials"
    status = 401

    def __init__(self) -> None:
        super().__init__(_("The name or the password is wrong."))


@dataclass(frozen=True)
class Entrance:
    """Somebody who came in, and whether a second factor was asked for."""

    user: User
    second_factor: bool


def log_in(login: str, password: str, *, client: ClientContext, code: str = "") -> Entrance:
    """Check all that is asked for at once; the caller opens the session.

    Raises Throttled, WrongCredentials, Banned, SecondFactorRequired or InvalidCode.
    """
    user = check_login(login, password, client=client)
    is_asked = has_second_factor(user)
    if is_asked:
        check_code(user, code, client=client)
    finish_login(user, client=client, second_factor=is_asked)
    return Entrance(user, is_asked)


def check_login(login: str, password: str, *, client: ClientContext) -> User:
    """The first step: whose password this is. A ban is told only to who knows it."""
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
    """The second step, for whom the first has let through: an app's code or a recovery code."""
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
    """After the last step: this device starts anew, and that somebody is in is noted.

    Raises WrongCredentials for who has left meanwhile.
    """
    if not User.objects.filter(pk=user.pk).update(last_login=timezone.now()):
        raise WrongCredentials
    forget_device_attempts(user, client)
    log.info("login", user_id=user.pk, second_factor=second_factor, network=_short(client))


@contextmanager
def _refusals_logged(step: str, user: User | None, client: ClientContext) -> Iterator[None]:
    """Log who was not let in; what was typed is no part of it, since people mix up the fields."""
    try:
        yield
    except AppError as error:
        user_id = user.pk if user else None
        log.info(
            "login.refused", step=step, code=error.code, user_id=user_id, network=_short(client)
        )
        raise


def _short(client: ClientContext) -> str:
    # Enough to see that many come from one network, and no address.
    return client.network[:12]
