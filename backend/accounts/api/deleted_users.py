"""A user may be deleted while a request of theirs is served: it is answered as an ended token."""

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from rest_framework.request import Request

from accounts.auth.sessions import InvalidToken
from accounts.models import User


def as_deleted_user(error: Exception, request: Request) -> Exception:
    """Return InvalidToken where an error comes from a row that points at a deleted user.

    Stories that need the user's row lock it; this is for the others, which find out as they write.
    """
    if not isinstance(error, DatabaseError | ObjectDoesNotExist):
        return error
    user = request.__dict__.get("_user")
    if not isinstance(user, User) or User.objects.filter(pk=user.pk).exists():
        return error
    return InvalidToken()
