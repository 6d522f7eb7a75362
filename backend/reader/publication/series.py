"""A series' publication: the title's decision, then its chapters counted anew."""

from django.db import transaction

from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Title
from catalog.moderation import approve_title, reject_title, unpublish_title
from catalog.permissions import MODERATE
from reader.publication.mass_removal import take_down_series
from reader.publication.publishing import enqueue_waiting_uploads
from reader.reading.chapters import refresh_counters


def approve_series(series: Title, *, moderator: User) -> None:
    """Show the series with the chapters that are live, and publish those that waited for it."""
    with transaction.atomic():
        approve_title(series, moderator=moderator)
        refresh_counters(series.pk)
        enqueue_waiting_uploads(series.pk)


def unpublish_series(series: Title, *, moderator: User) -> None:
    """Take the series and all its chapters out of sight for a while: approving shows them again.

    Files stay where they are, for whoever kept their addresses; what must be gone is rejected.
    """
    with transaction.atomic():
        unpublish_title(series, moderator=moderator)
        refresh_counters(series.pk)


def reject_series(series: Title, *, moderator: User, reason: str) -> None:
    """Refuse the series with a reason; what it shows is taken down with it, files and all.

    Its uploads can be restored one by one while they are kept; its cover is gone.
    """
    with acting(moderator, permission=MODERATE):
        take_down_series(series.pk, moderator=moderator, reason=reason.strip())
        reject_title(series, moderator=moderator, reason=reason)
