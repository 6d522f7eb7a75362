"""The history of an uploader for moderators: counts, strikes and rejections, in three queries."""

from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import Strike, User
from reader.models import Upload
from reader.states import UNDECIDED, UploadState, was_approved

_SHOWN = 5


@dataclass(frozen=True)
class UploaderHistory:
    """Counts over all uploads of one user."""

    uploader: User
    total: int
    approved: int
    rejected: int
    failed: int
    taken_down: int
    waiting: int
    strikes: list[Strike]
    refusals: list[Upload]


def history_of(uploader: User) -> UploaderHistory:
    """Return the history of an uploader."""
    uploads = Upload.objects.filter(uploader=uploader)
    counts = uploads.aggregate(
        total=Count("pk"),
        approved=Count("pk", filter=was_approved()),
        rejected=Count("pk", filter=Q(state=UploadState.REJECTED)),
        failed=Count("pk", filter=Q(state=UploadState.FAILED)),
        taken_down=Count("pk", filter=Q(state=UploadState.TAKEN_DOWN)),
        waiting=Count("pk", filter=Q(state__in=UNDECIDED)),
    )
    refusals = uploads.filter(state=UploadState.REJECTED).select_related("chapter__series")
    return UploaderHistory(
        uploader=uploader,
        strikes=list(uploader.strikes.order_by("-created_at")[:_SHOWN]),
        refusals=list(refusals.order_by("-decided_at")[:_SHOWN]),
        **counts,
    )
