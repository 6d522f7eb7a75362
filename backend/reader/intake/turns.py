"""Whose zip is checked next: that of the uploader who was served longest ago.

One who sends a hundred heavy zips delays nobody by more than SLICE_SECONDS and a page: extraction
gives way to whoever has nothing under way, and goes on later where it stopped.
"""

from datetime import UTC, datetime

from django.db import IntegrityError
from django.db.models import Case, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from common.work.leases import nobody_holds
from reader.models import ExtractionTurn, Upload, UploadQuerySet
from reader.states import UploadState

# After so long what was found is kept, and others who wait are looked for.
SLICE_SECONDS = 4
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def uploads_to_extract() -> UploadQuerySet:
    """Return what has yet to be checked, whether a worker holds it or not."""
    return Upload.objects.filter(state__in=(UploadState.RECEIVED, UploadState.EXTRACTING))


def uploads_in_turn() -> UploadQuerySet:
    """Return what waits: of who was never served first, of those who have left last."""
    served_at = Case(
        When(uploader__isnull=True, then=Value(timezone.now())),
        default=Coalesce("uploader__extraction_turn__last_at", Value(_NEVER)),
    )
    return uploads_to_extract().filter(nobody_holds()).order_by(served_at, "created_at", "pk")


def note_turn(upload: Upload) -> None:
    """Note that its uploader is served now."""
    if upload.uploader_id is None:
        return
    turn = ExtractionTurn(user_id=upload.uploader_id, last_at=timezone.now())
    try:
        ExtractionTurn.objects.bulk_create(
            [turn], update_conflicts=True, unique_fields=["user"], update_fields=["last_at"]
        )
    except IntegrityError:  # they have left at this moment
        return


def somebody_else_waits(upload: Upload) -> bool:
    """Tell whether another person waits of whom no zip is being checked."""
    held = uploads_to_extract().filter(lease_until__gte=timezone.now(), uploader__isnull=False)
    waiting = uploads_to_extract().filter(nobody_holds(), uploader__isnull=False)
    others = waiting.exclude(uploader=upload.uploader_id)
    return others.exclude(uploader__in=held.values("uploader")).exists()
