"""How much may be submitted: the limits of one zip, and the quotas of a user.

Quotas count the uploads, the bytes and the checking time of a day, and the undecided uploads; each
may be off. A day's count holds everything that was sent, also what failed or was withdrawn:
checking it cost as much, and a quota that is given back invites to try again and again.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common.http.errors import AppError
from reader.intake.archives import ArchiveLimits
from reader.intake.rejections import decoding_quota_sentence
from reader.models import Upload
from reader.states import UNDECIDED

_DAY = timedelta(days=1)


class QuotaUsedUp(AppError):
    code = "quota"
    status = 429


def archive_limits() -> ArchiveLimits:
    """Return the limits of one zip and its pages, as `settings.UPLOAD_LIMITS` has them."""
    return ArchiveLimits(**settings.UPLOAD_LIMITS)


@dataclass(frozen=True)
class QuotaLeft:
    """What a user may still submit; None where a quota is off."""

    uploads_left: int | None
    bytes_left: int | None
    waiting_left: int | None
    decoding_seconds_left: int | None
    # When the oldest upload of a day that is used up counts no more; None while none is.
    again_at: datetime | None = None


def quota_left(user: User) -> QuotaLeft:
    """Return what `user` may still submit, in at most one query."""
    quotas: dict[str, int | None] = settings.QUOTAS
    decoding_quota: float | None = settings.QUOTA_DECODING_SECONDS
    if all(quota is None for quota in (*quotas.values(), decoding_quota)):
        return QuotaLeft(None, None, None, None)
    today = Q(created_at__gte=timezone.now() - _DAY)
    used = user.uploads.aggregate(
        uploads=Count("pk", filter=today),
        bytes=Sum("archive_bytes", filter=today),
        waiting=Count("pk", filter=Q(state__in=UNDECIDED)),
        decoding_seconds=Sum("decoding_seconds", filter=today),
        oldest=Min("created_at", filter=today),
    )
    of_the_day = (
        _rest(quotas["uploads_per_day"], used["uploads"]),
        _rest(quotas["bytes_per_day"], used["bytes"] or 0),
        _rest(decoding_quota, used["decoding_seconds"] or 0),
    )
    uploads_left, bytes_left, decoding_seconds_left = of_the_day
    return QuotaLeft(
        uploads_left=uploads_left,
        bytes_left=bytes_left,
        waiting_left=_rest(quotas["waiting"], used["waiting"]),
        decoding_seconds_left=decoding_seconds_left,
        again_at=used["oldest"] + _DAY if 0 in of_the_day and used["oldest"] else None,
    )


def refuse_over_quota(user: User, *, archive_bytes: int) -> None:
    """Raise QuotaUsedUp where an upload of `archive_bytes` would be over one of the quotas."""
    left = quota_left(user)
    if left.uploads_left == 0:
        raise QuotaUsedUp(_("You have submitted as many chapters as a day allows. Go on tomorrow."))
    if left.bytes_left is not None and archive_bytes > left.bytes_left:
        raise QuotaUsedUp(_("You have submitted as many bytes as a day allows. Go on tomorrow."))
    if left.decoding_seconds_left == 0:
        raise QuotaUsedUp(decoding_quota_sentence())
    if left.waiting_left == 0:
        raise QuotaUsedUp(
            _("Too many of your uploads wait for review. Go on when some are decided.")
        )


def decoding_seconds_left(upload: Upload) -> float | None:
    """Return how many seconds the check of `upload` may take; None where that is not limited.

    It is what the other uploads of its uploader have left of a day's time. The worker asks too,
    since an upload may be accepted before the time is used up and checked after that.
    """
    quota: float | None = settings.QUOTA_DECODING_SECONDS
    if quota is None or upload.uploader_id is None:
        return None
    others = Upload.objects.filter(
        uploader=upload.uploader_id, created_at__gte=timezone.now() - _DAY
    ).exclude(pk=upload.pk)
    return quota - (others.aggregate(seconds=Sum("decoding_seconds"))["seconds"] or 0)


def hold_quota(user: User) -> None:
    """Lock the user until the transaction ends, so that one submission at a time is counted.

    The user is locked before any of their uploads, as for a strike: the other order would be a
    deadlock.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk=user.pk)
    held.values_list("pk", flat=True).first()


def _rest(quota: float | None, used: float) -> int | None:
    """Return the rest of a quota, rounded up, so that 0 means that all of it is used."""
    return None if quota is None else max(math.ceil(quota - used), 0)
