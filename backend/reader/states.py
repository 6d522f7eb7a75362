"""The states of an upload, and groups of them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class UploadState(models.TextChoices):
    RECEIVED = "received", _("Waiting for the check")
    EXTRACTING = "extracting", _("Being checked")
    AWAITING_REVIEW = "awaiting_review", _("Waiting for review")
    PUBLISHING = "publishing", _("Being published")
    LIVE = "live", _("Published")
    FAILED = "failed", _("Failed the check")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SUPERSEDED = "superseded", _("Replaced by a newer one")
    TAKEN_DOWN = "taken_down", _("Taken down")
    DELETED = "deleted", _("Deleted")


UNDER_WAY = (
    UploadState.RECEIVED,
    UploadState.EXTRACTING,
    UploadState.AWAITING_REVIEW,
    UploadState.PUBLISHING,
)
UNDECIDED = (UploadState.RECEIVED, UploadState.EXTRACTING, UploadState.AWAITING_REVIEW)
REMOVED = (UploadState.TAKEN_DOWN, UploadState.DELETED)

_AFTER_RESTORE = {
    UploadState.RECEIVED: UploadState.RECEIVED,
    UploadState.EXTRACTING: UploadState.RECEIVED,
    UploadState.AWAITING_REVIEW: UploadState.AWAITING_REVIEW,
    UploadState.PUBLISHING: UploadState.PUBLISHING,
    UploadState.LIVE: UploadState.PUBLISHING,
    # A newer upload has replaced it, so it is not shown any more, and it is purged.
    UploadState.SUPERSEDED: UploadState.SUPERSEDED,
}


def state_after_restore(removed_from: str) -> UploadState:
    """Return the state after undoing a removal, from the state before the removal."""
    return _AFTER_RESTORE[UploadState(removed_from)]


def was_approved() -> Q:
    """Match uploads that were approved once, whatever has happened to them since."""
    approved = (UploadState.PUBLISHING, UploadState.LIVE, UploadState.SUPERSEDED, *REMOVED)
    return Q(state__in=approved) & ~Q(removed_from__in=UNDECIDED)
