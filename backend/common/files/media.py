"""Public files are named by their bytes, stored once, and swept when no row points at them.

Publishing first stores a file under a lease (`unreferenced_since` = now), then points at its
row and clears the lease in one transaction. The sweeper touches nothing younger than an hour,
so what a publisher leaves that dies in between is removed by a later sweep.
"""

import hashlib
import hmac
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from common.files.cdn import purge_from_cdn
from common.files.storages import media_storage
from common.models import MediaFile
from common.work.background import scheduled_task

log = structlog.get_logger(__name__)

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/gif": "gif",
}
CONTENT_TYPES = {extension: content_type for content_type, extension in EXTENSIONS.items()}
UNREFERENCED_KEEP = timedelta(hours=1)
_SWEEP_BATCH = 500
# The value of `unreferenced_since` while a file is being removed.
_DOOMED = datetime(1970, 1, 1, tzinfo=UTC)


def name_digest(data: bytes) -> str:
    """Return the HMAC-SHA256 of the bytes in hex: without the key no address can be computed."""
    return hmac.new(settings.MEDIA_NAME_KEY.encode(), data, hashlib.sha256).hexdigest()


def media_name(digest: str, content_type: str) -> str:
    """Return `ab/abcdef….jpg` for a file whose name digest is known."""
    return f"{digest[:2]}/{digest}.{EXTENSIONS[content_type]}"


def media_url(name: str) -> str:
    """Return the public address of a file."""
    return f"{settings.MEDIA_URL}{name}"


def store_media(data: bytes, content_type: str) -> MediaFile:
    """Store `data` under a lease and return its row; storing it again changes nothing."""
    name = media_name(name_digest(data), content_type)
    file, created = MediaFile.objects.get_or_create(
        name=name, defaults={"content_type": content_type, "bytes": len(data)}
    )
    if not created:
        # Waits where a sweep holds the row, and finds it gone afterwards.
        leased = MediaFile.objects.filter(pk=file.pk, unreferenced_since__isnull=False)
        renewed = leased.update(unreferenced_since=timezone.now())
        if not renewed and not MediaFile.objects.filter(pk=file.pk).exists():
            return store_media(data, content_type)
    storage = media_storage()
    if created or not storage.exists(name):
        storage.save(name, ContentFile(data))
    return file


def hold_media(ids: Collection[int]) -> bool:
    """Lock the rows and end their leases, inside the transaction that points at them.

    Returns False when one has been swept meanwhile; the caller stores it again.
    """
    locked = _lock(ids)
    if len(locked) != len(set(ids)) or _DOOMED in locked.values():
        return False
    MediaFile.objects.filter(pk__in=ids).update(unreferenced_since=None)
    return True


def release_media(ids: Collection[int], *, older_by: timedelta = timedelta(0)) -> None:
    """Let the time run for those files that no row points at any more, inside a transaction.

    The sweep removes them after an hour. `older_by` makes them that much older, for urgent
    removals.
    """
    _lock(ids)
    unreferenced = without_references(MediaFile.objects.filter(pk__in=ids))
    unreferenced.filter(unreferenced_since__isnull=True).update(
        unreferenced_since=timezone.now() - older_by
    )


def _lock(ids: Collection[int]) -> dict[int, datetime | None]:
    # Always in the same order, against deadlocks; and before references are looked for, so that the
    # answer is still true when it is used.
    rows = MediaFile.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    return dict(rows.values_list("pk", "unreferenced_since"))


def without_references(files: QuerySet[MediaFile]) -> QuerySet[MediaFile]:
    """Keep the files that no row of any app points at."""
    for relation in MediaFile._meta.related_objects:
        rows = relation.related_model._default_manager.filter(
            **{relation.field.name: OuterRef("pk")}
        )
        files = files.filter(~Exists(rows))
    return files


@scheduled_task(every_seconds=300)
def sweep_unreferenced_media() -> int:
    """Remove files that have been unreferenced for an hour; return how many."""
    return sweep_media(older_than=UNREFERENCED_KEEP)


def sweep_media(*, older_than: timedelta, ids: Collection[int] | None = None) -> int:
    """Remove unreferenced files and their rows, and return how many.

    An urgent take-down calls it with an age of 0 and the ids of its files.
    """
    cutoff = timezone.now() - older_than
    candidates = MediaFile.objects.filter(unreferenced_since__lte=cutoff)
    if ids is not None:
        candidates = candidates.filter(pk__in=ids)
    removed = 0
    found = candidates.order_by("unreferenced_since").values_list("pk", "name")
    # With `ids` all are removed now; without, more than a batch waits for the next round.
    for pk, name in list(found if ids is not None else found[:_SWEEP_BATCH]):
        removed += _sweep_one(pk, name, cutoff)
    if removed:
        log.info("media.swept", files=removed)
    return removed


def _sweep_one(pk: int, name: str, cutoff: datetime) -> bool:
    # The row is marked first, and that is committed: a kill or a failing CDN in the next step
    # leaves a row whose file may be gone, which `hold_media` refuses and `store_media` repairs.
    with transaction.atomic():
        row = MediaFile.objects.filter(pk=pk, unreferenced_since__lte=cutoff)
        if not row.select_for_update().exists():
            return False
        is_free = without_references(row).exists()
        row.update(unreferenced_since=_DOOMED if is_free else None)
    if not is_free:
        return False
    # The file goes while its row is held: a publisher of the same bytes waits for the row, makes it
    # its own again and then writes the file anew. The CDN is told outside of any transaction.
    doomed = MediaFile.objects.filter(pk=pk, unreferenced_since=_DOOMED)
    with transaction.atomic():
        if not doomed.select_for_update().exists():
            return False
        media_storage().delete(name)
    purge_from_cdn([media_url(name)])
    return bool(doomed._raw_delete(connection.alias))
