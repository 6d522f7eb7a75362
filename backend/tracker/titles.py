"""Which titles a user holds: `TitleQuerySet.visible_to` asks."""

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from tracker.models import LibraryItem


def HELD_BY(user: User) -> Q:  # noqa: N802 (the name that is looked for)
    """Match the titles that are in the user's library."""
    return Q(Exists(LibraryItem.objects.filter(title=OuterRef("pk"), user=user.pk)))
