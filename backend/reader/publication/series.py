"""Moderators decide about a series: its title, and what follows for its chapters."""

from django.db import transaction

from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Title
from catalog.moderation import approve_title, reject_title, unpublish_title
from catalog.permissions import MODERATE
from common.work.events import emit
from reader.publication.mass_removal import take_down_series
from reader.publication.publishing import enqueue_waiting_uploads
from reader.reading.chapters import refresh_counters


def approve_series(series: Title, *, moderator: User) -> None:
    """Approve the series, and publish the uploads that were approved before it."""
    with transaction.atomic():
        approve_title(series, moderator=moderator)
        refresh_counters(series.pk)
        emit("chapter_published", title_id=series.pk, chapter_id=None)
        enqueue_waiting_uploads(series.pk)


def unpublish_series(series: Title, *, moderator: User) -> None:
    """Hide the series and all its chapters; approving it shows them again.

    The files stay public for those who kept their addresses; to remove them, reject the series.
    """
    with transaction.atomic():
        unpublish_title(series, moderator=moderator)
        refresh_counters(series.pk)
        emit("chapter_hidden", title_id=series.pk, chapter_id=None)


def reject_series(series: Title, *, moderator: User, reason: str) -> None:
    """Reject the series with a reason, and take down its public uploads with their files.

    Its uploads can be restored one by one while their files are kept; its cover is deleted.
    """
    with acting(moderator, permission=MODERATE):
        take_down_series(series.pk, moderator=moderator, reason=reason.strip())
        reject_title(series, moderator=moderator, reason=reason)
