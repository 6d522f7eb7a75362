"""Deletes the files of uploads that are not needed any more; the state says which these are.

`Upload.purge_after` is the queue. A public file, which uploads can share, is deleted only when the
sweeper finds that no row points at it.
"""

import re
import uuid
from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common.files.media import release_media
from common.files.storages import first_level, quarantine_storage
from common.work.background import background_task, scheduled_task
from reader.intake import quarantine
from reader.models import Page, Upload
from reader.states import UNDER_WAY, UploadState

log = structlog.get_logger(__name__)

# Their pages are deleted when purged; a live upload's pages are public files by then.
WITHOUT_PAGES = (
    UploadState.FAILED,
    UploadState.REJECTED,
    UploadState.WITHDRAWN,
    UploadState.SUPERSEDED,
    UploadState.TAKEN_DOWN,
    UploadState.DELETED,
)
_STRAY_AFTER = timedelta(days=1)
_FOLDER = re.compile(r"[0-9a-f]{32}")


def _uploads_to_purge() -> Iterable[int]:
    due = Upload.objects.filter(purge_after__lte=timezone.now())
    return due.order_by("purge_after").values_list("pk", flat=True)[:50]


@background_task(due=_uploads_to_purge, queue="publishing", every_seconds=10)
def purge_upload(pk: int) -> None:
    """Delete what the upload's state no longer needs. Running twice or dying midway is fine."""
    purgeable = Upload.objects.filter(pk=pk, state__in=(*WITHOUT_PAGES, UploadState.LIVE))
    with transaction.atomic():
        # Locked until the files are deleted: a take-down meanwhile would bring pages back into a
        # folder that is being deleted.
        upload = purgeable.select_for_update().first()
        if upload is None or not _is_due(upload):
            return
        quarantine.delete_folder(upload.folder)
        purgeable.update(purge_after=None, hide_after=None, pages_so_far=None)
        if upload.state in WITHOUT_PAGES:
            _drop_pages(upload)
    log.info("upload.purged", upload_id=pk, state=upload.state)


def _is_due(upload: Upload) -> bool:
    # None: it was purged already, and a worker that wrote after that calls this again.
    return upload.purge_after is None or upload.purge_after <= timezone.now()


def _drop_pages(upload: Upload) -> None:
    pages = Page.objects.filter(upload=upload)
    files = {pk for pair in pages.values_list("file", "saver") for pk in pair if pk is not None}
    pages.delete()
    release_media(files)


@scheduled_task(every_seconds=6 * 3600)
def sweep_stray_folders() -> int:
    """Delete private folders that no upload needs; return how many.

    They are left by a request that died before its commit, or by a worker that was killed while it
    wrote for a withdrawn upload.
    """
    storage = quarantine_storage()
    needing = Upload.objects.filter(Q(state__in=UNDER_WAY) | Q(purge_after__isnull=False))
    removed = 0
    for name in first_level(storage, quarantine.ROOT, older_than=timezone.now() - _STRAY_AFTER):
        if not _FOLDER.fullmatch(name):  # not ours, such as lost+found
            continue
        folder = uuid.UUID(hex=name)
        if not needing.filter(folder=folder).exists():
            quarantine.delete_folder(folder)
            removed += 1
    return removed
