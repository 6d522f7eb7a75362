"""Who left while their last request was on its way: a token that is over, and not our mistake."""

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from rest_framework.request import Request

from accounts.auth.sessions import InvalidToken
from accounts.models import User


def as_deleted_user(error: Exception, request: Request) -> Exception:
    """Return InvalidToken in place of what a row means that points at nobody any more.

    Stories lock or check the person where that decides something; this is for all others, which
    find out when they write.
    """
    if not isinstance(error, DatabaseError | ObjectDoesNotExist):
        return error
    user = request.__dict__.get("_user")
    if not isinstance(user, User) or User.objects.filter(pk=user.pk).exists():
        return error
    return InvalidToken()
