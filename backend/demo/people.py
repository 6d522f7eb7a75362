"""The demo's accounts: one for each role, all with the same public password."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.roles.groups import ADMIN, MODERATOR, READER, UPLOADER, grant_role

PASSWORD = "demo1234"  # noqa: S105 - public on purpose, and settings refuse it off loopback
READER_NAME, UPLOADER_NAME, MODERATOR_NAME, ADMIN_NAME = "demo", "uploader", "moderator", "admin"
_ROLES = {
    READER_NAME: READER,
    UPLOADER_NAME: UPLOADER,
    MODERATOR_NAME: MODERATOR,
    ADMIN_NAME: ADMIN,
}


def find_or_make_account(username: str) -> User:
    """Return the demo's account of that name, with its role and a confirmed address.

    It is created where it is missing; raises RuntimeError outside the demo.
    """
    if not settings.DEMO:
        raise RuntimeError("demo accounts are only made where MANGAKG_DEMO=1")
    found = User.objects.filter(username=username).first()
    if found is not None:
        return found
    with transaction.atomic():
        user = User.objects.create_user(
            username,
            f"{username}@example.test",
            PASSWORD,
            display_name=username.capitalize(),
            is_staff=username == ADMIN_NAME,
        )
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
        grant_role(user, _ROLES[username])
    return user
