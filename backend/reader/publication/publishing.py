"""The pages of an approved upload become public files; those of a taken-down one private again.

Starts where `reader.publication.moderation` has set PUBLISHING or TAKEN_DOWN; ends with the pointer
`Chapter.live_upload` set, or with the files back in quarantine.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import log_decision
from catalog.choices import Moderation
from common.files.media import (
    UNREFERENCED_KEEP,
    hold_media,
    release_media,
    store_media,
    sweep_media,
)
from common.files.storages import media_storage
from common.work.background import background_task
from common.work.events import emit
from common.work.leases import Lease, LeaseLost, claim, nobody_holds
from reader.intake import quarantine
from reader.intake.purging import purge_upload
from reader.models import Chapter, Page, Upload, UploadQuerySet
from reader.publication.variants import make_saver_pages
from reader.reading.chapters import (
    chapters_of_public_titles,
    find_or_create_volume,
    refresh_counters,
    replaced_work,
)
from reader.states import REMOVED, UploadState

log = structlog.get_logger(__name__)

# What publishing writes of a chapter.
_SHOWN = ("live_upload", "page_count", "title", "volume", "published_at")


def _publishable() -> UploadQuerySet:
    return Upload.objects.filter(
        state=UploadState.PUBLISHING, chapter__in=chapters_of_public_titles()
    )


def enqueue_waiting_uploads(series_id: int) -> None:
    """Queue uploads that were approved before their title was, once this is committed."""
    waiting = Upload.objects.filter(chapter__series=series_id, state=UploadState.PUBLISHING)
    for pk in waiting.values_list("pk", flat=True):
        publish_upload.enqueue(pk)


def _uploads_to_publish() -> Iterable[int]:
    # By a join, as few uploads wait: for an IN SQLite would list every chapter.
    due = Upload.objects.filter(
        nobody_holds(),
        state=UploadState.PUBLISHING,
        chapter__series__moderation=Moderation.APPROVED,
    )
    return due.order_by("decided_at").values_list("pk", flat=True)[:20]


@background_task(due=_uploads_to_publish, queue="publishing", every_seconds=15)
def publish_upload(pk: int) -> None:
    """Store the pages publicly, then point the chapter at the upload in one transaction."""
    lease = claim(_publishable(), pk)
    if lease is None:
        return
    upload = Upload.objects.get(pk=pk)
    pages = list(upload.pages.order_by("number"))
    for page in pages:
        lease.keep()
        data = _page_bytes(upload, page)
        page.file = store_media(data, page.content_type)
    _go_live(upload, lease, pages)


def _page_bytes(upload: Upload, page: Page) -> bytes:
    if page.file is not None:  # a take-down that was undone before it moved this page
        with media_storage().open(page.file.name, "rb") as file:
            return bytes(file.read())
    return quarantine.read_page(upload, page.sha256)


def _go_live(upload: Upload, lease: Lease[Upload], pages: list[Page]) -> None:
    now = timezone.now()
    with transaction.atomic():
        chapter = _locked_chapter(upload)
        if _needs_a_moderator(upload):
            _hold(upload, lease)
            return
        if not hold_media({page.file_id for page in pages if page.file_id}):
            lease.release()  # a file was swept meanwhile: the next round stores it again
            publish_upload.enqueue(upload.pk)
            return
        went_live = (
            lease.rows()
            .filter(state=UploadState.PUBLISHING, chapter__in=chapters_of_public_titles())
            .update(
                state=UploadState.LIVE,
                purge_after=_purge_time(upload, now),
                lease_token=None,
                lease_until=None,
                attempts=0,
            )
        )
        if not went_live:
            raise LeaseLost(upload.pk)
        Page.objects.bulk_update(pages, ["file"], batch_size=200)
        previous = chapter.live_upload_id
        if previous is not None and previous != upload.pk:
            Upload.objects.filter(pk=previous).update(
                state=UploadState.SUPERSEDED, purge_after=now + settings.SUPERSEDED_KEEP
            )
        _copy_words(chapter, upload)
        if chapter.published_at is None and (
            chapter.publish_at is None or chapter.publish_at <= now
        ):
            chapter.published_at = now
        chapter.save(update_fields=_SHOWN)
        refresh_counters(chapter.series_id)
        if previous is None and chapter.published_at is not None:
            emit("chapter_published", title_id=chapter.series_id, chapter_id=chapter.pk)
        purge_upload.enqueue(upload.pk)
        make_saver_pages.enqueue(upload.pk)
    log.info("upload.live", upload_id=upload.pk, chapter_id=chapter.pk)


def _purge_time(upload: Upload, now: datetime) -> datetime:
    """Return when its private files go: not while a moderator may undo the approval."""
    if upload.decided_by_id is None or upload.decided_at is None:
        return now
    return max(now, upload.decided_at + settings.DECISION_UNDO)


def _locked_chapter(upload: Upload) -> Chapter:
    locked = Chapter.objects.select_for_update(of=("self",))
    upload.chapter = locked.select_related("volume").get(pk=upload.chapter_id)
    return upload.chapter


def _needs_a_moderator(upload: Upload) -> bool:
    """Return True for an upload that no moderator approved and that would replace another work.

    The chapter may have become another work since it was checked.
    """
    return upload.decided_by_id is None and replaced_work(upload) is not None


def _hold(upload: Upload, lease: Lease[Upload]) -> None:
    held = lease.rows().filter(state=UploadState.PUBLISHING)
    if not held.update(
        state=UploadState.AWAITING_REVIEW, decided_at=None, lease_token=None, lease_until=None,
        attempts=0,
    ):  # fmt: skip
        raise LeaseLost(upload.pk)
    log_decision(
        upload, action="hold", actor=None, reason="replaces another volume or title",
        from_state=UploadState.PUBLISHING, to_state=UploadState.AWAITING_REVIEW,
    )  # fmt: skip


def _copy_words(chapter: Chapter, upload: Upload) -> None:
    chapter.live_upload = upload
    chapter.page_count = upload.page_count
    if not chapter.is_title_given:
        chapter.title = upload.title
    if upload.volume_number is not None and not chapter.is_volume_given:
        chapter.volume = find_or_create_volume(chapter.series, upload.volume_number)


# --- The same story backwards ---------------------------------------------------------------------


# What a rejection or the undoing of an approval has made private may have to leave `media` too.
_TO_HIDE = (*REMOVED, UploadState.AWAITING_REVIEW, UploadState.REJECTED)


def show_replaced_upload(chapter: Chapter, upload: Upload, *, approved_at: datetime) -> None:
    """Point the chapter at what the approval of `upload` has replaced, or at nothing.

    The caller has locked both, undoes that approval, counts the chapters anew, and tells whether
    the chapter is hidden by it.
    """
    replaced = (
        Upload.objects.select_for_update()
        .filter(
            chapter=chapter, state=UploadState.SUPERSEDED,
            purge_after__gte=approved_at + settings.SUPERSEDED_KEEP,
        )
        .order_by("-purge_after")
        .first()
    )  # fmt: skip
    # First this one, lest two of one chapter are live.
    chapter.live_upload = None
    if replaced is not None:
        Upload.objects.filter(pk=replaced.pk).update(state=UploadState.LIVE, purge_after=None)
        if not chapter.is_volume_given and upload.volume_number is not None:
            chapter.volume = None
        _copy_words(chapter, replaced)
    elif chapter.published_at is not None and chapter.published_at >= approved_at:
        chapter.published_at = None
    chapter.save(update_fields=_SHOWN)


def _uploads_to_hide() -> Iterable[int]:
    due = Upload.objects.filter(nobody_holds(), hide_after__lte=timezone.now())
    return due.order_by("hide_after").values_list("pk", flat=True)[:20]


@background_task(due=_uploads_to_hide, queue="publishing", every_seconds=15)
def hide_upload(pk: int) -> None:
    """Move the pages of an upload that is not public any more from `media` back to quarantine."""
    lease = claim(Upload.objects.filter(state__in=_TO_HIDE, hide_after__isnull=False), pk)
    if lease is None:
        return
    upload = Upload.objects.get(pk=pk)
    pages = list(upload.pages.filter(file__isnull=False).select_related("file"))
    for page in pages:
        lease.keep()
        quarantine.store_page(upload, page.sha256, _page_bytes(upload, page))
    files = {pk for page in pages for pk in (page.file_id, page.saver_id) if pk is not None}
    with transaction.atomic():
        hidden = (
            lease.rows()
            .filter(state__in=_TO_HIDE)
            .update(
                hide_after=None,
                lease_token=None,
                lease_until=None,
                attempts=0,
                variants_done=False,
            )
        )
        if not hidden:
            raise LeaseLost(pk)
        upload.pages.update(file=None, saver=None)
        # Where the sweep below fails, the next scheduled one deletes them.
        release_media(files, older_by=UNREFERENCED_KEEP)
    sweep_media(older_than=timedelta(0), ids=files)
    log.info("upload.hidden", upload_id=pk, files=len(files))
