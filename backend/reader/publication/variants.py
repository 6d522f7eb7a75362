"""Smaller WebP pages for readers who save data, made after publication in a queue of their own."""

from collections.abc import Iterable

import structlog
from django.db import transaction

from common.files.media import hold_media, store_media
from common.files.pictures.decoding import PictureDecoder
from common.files.pictures.rules import PictureRejected
from common.files.storages import media_storage
from common.http.shared_cache import invalidate_cached_views
from common.work.background import background_task
from common.work.leases import LeaseLost, claim, nobody_holds
from reader.intake.quotas import archive_limits
from reader.models import Page, Upload
from reader.states import UploadState

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3


def _uploads_without_variants() -> Iterable[int]:
    due = Upload.objects.filter(
        nobody_holds(), state=UploadState.LIVE, variants_done=False, attempts__lt=MAX_ATTEMPTS
    )
    return due.order_by("decided_at").values_list("pk", flat=True)[:10]


@background_task(due=_uploads_without_variants, queue="variants", every_seconds=120)
def make_saver_pages(pk: int) -> None:
    """Make the data-saver variant of each page of a live upload that has none yet."""
    wanting = Upload.objects.filter(state=UploadState.LIVE, variants_done=False)
    lease = claim(wanting, pk)
    if lease is None:
        return
    pages = Page.objects.filter(upload=pk, saver__isnull=True, file__isnull=False)
    storage = media_storage()
    with PictureDecoder(archive_limits()) as decoder:
        columns = pages.order_by("number").values_list("pk", "name", "bytes", "file__name")
        for page_id, shown_name, original_bytes, file_name in list(columns):
            lease.keep()
            with storage.open(file_name, "rb") as file:
                original = file.read()
            try:
                variant = decoder.make_variant(original, name=shown_name)
            except PictureRejected:  # it could be decoded once; the original is served
                log.warning("variant.failed", page_id=page_id)
                continue
            if variant is None or len(variant.data) >= original_bytes:
                continue
            saver = store_media(variant.data, "image/webp")
            with transaction.atomic():
                if (
                    not hold_media({saver.pk})
                    or not lease.rows().filter(state=UploadState.LIVE).exists()
                ):
                    raise LeaseLost(pk)
                Page.objects.filter(pk=page_id, file__isnull=False).update(saver=saver)
    lease.rows().filter(state=UploadState.LIVE).update(
        variants_done=True, lease_token=None, lease_until=None, attempts=0
    )
    invalidate_cached_views("chapters")
