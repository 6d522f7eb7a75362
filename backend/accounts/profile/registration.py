"""Creating an account."""

import structlog
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import get_language

from accounts.auth.addresses import claim_first_address, clean_address
from accounts.auth.passwords import refuse_weak_password
from accounts.models import User
from accounts.roles.groups import READER, grant_role
from accounts.usernames import clean_username, name_is_taken
from common.http.errors import Invalid

log = structlog.get_logger(__name__)


def register_user(*, username: str, email: str, password: str, language: str = "") -> User:
    """Create a reader whose address waits to be confirmed; raises Invalid with all its fields.

    Nothing here looks whether another account has the address: only the e-mail to it tells.
    """
    user = User(username=username, email=email, language=language or _language())
    fields: dict[str, list[str]] = {}
    try:
        user.username = clean_username(username)
        refuse_taken_name(user.username)
    except ValidationError as error:
        fields["username"] = list(error.messages)
    try:
        user.email = clean_address(email)
    except Invalid as error:
        fields |= error.fields or {}
    try:
        refuse_weak_password(password, user)
    except Invalid as error:
        fields |= error.fields or {}
    if fields:
        raise Invalid(next(iter(fields.values()))[0], fields=fields)
    user.clean()
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            grant_role(user, READER)
            claim_first_address(user, user.email)
    except IntegrityError as error:  # another request took the name a moment before
        (taken,) = name_is_taken().messages
        raise Invalid(taken, fields={"username": [taken]}) from error
    log.info("user.registered", user_id=user.pk)
    return user


def refuse_taken_name(username: str, *, user: User | None = None) -> None:
    """Raise ValidationError where another user has this name, or one that looks like it."""
    found = User.objects.called(username)
    if found is not None and found != user:
        raise name_is_taken()


def _language() -> str:
    active = (get_language() or "en")[:2]
    return active if active in {"en", "ky", "ru"} else "en"
