"""A received zip is checked page by page in a worker, until it waits for review or has failed.

Starts at `extract_upload`, ends with the row AWAITING_REVIEW or FAILED. `reader.publication.trust`
looks for rows that wait and goes on with them.

Uploaders take turns: the zip of the one who was served longest ago comes next. One who sends a
hundred heavy zips delays the others by no more than SLICE_SECONDS and a page: extraction gives way
to an uploader of whom nothing is being checked, and goes on later where it stopped.
"""

import hashlib
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import BinaryIO, cast

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts.models import User
from accounts.roles.bans import add_strike
from common.files.pictures.decoding import PictureDecoder
from common.files.pictures.hashes import signed_hash
from common.files.pictures.images import strip_to_image
from common.files.rejections import FileRejected, show_name
from common.files.storages import STORAGE_ERRORS
from common.work.background import background_task, wake_queue
from common.work.leases import Lease, LeaseLost, claim, nobody_holds
from reader.intake import quarantine
from reader.intake.archives import iter_pages, preflight, read_comic_info
from reader.intake.banned_pictures import find_banned_pictures
from reader.intake.purging import purge_upload
from reader.intake.quotas import QuotaUsedUp, archive_limits, decoding_seconds_left, hold_quota
from reader.intake.rejections import (
    BANNED_IMAGE,
    DECODING_QUOTA,
    GAVE_UP,
    TOO_SLOW,
    failure_columns,
)
from reader.models import ExtractionTurn, Page, Upload, UploadQuerySet
from reader.reading.chapters import drop_empty_chapters, find_or_create_chapter
from reader.states import UploadState

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
# After so long the pages so far are kept, and the worker looks whether another uploader waits.
SLICE_SECONDS = 4
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_TITLE_LETTERS = 200
_PAGE_COLUMNS = (
    "number", "name", "content_type", "width", "height", "bytes", "sha256", "perceptual_hash",
    "color",
)  # fmt: skip


class _Stopped(Exception):
    """The check ends for a reason that is not in the zip; `columns` hold it."""

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(problem)
        self.columns: dict[str, object] = {"error_code": code, "error_params": {"problem": problem}}


class _GaveWay(Exception):
    """It is another uploader's turn; the pages so far are kept."""


def _uploads_to_extract() -> UploadQuerySet:
    """Return the uploads that have to be checked, whether a worker holds them or not."""
    return Upload.objects.filter(state__in=(UploadState.RECEIVED, UploadState.EXTRACTING))


def _uploads_in_turn() -> UploadQuerySet:
    """Return the uploads that no worker holds; those of uploaders who were never served come first,
    those of deleted users last."""
    served_at = Case(
        When(uploader__isnull=True, then=Value(timezone.now())),
        default=Coalesce("uploader__extraction_turn__last_at", Value(_NEVER)),
    )
    return _uploads_to_extract().filter(nobody_holds()).order_by(served_at, "created_at", "pk")


def _due_uploads() -> Iterable[int]:
    return _uploads_in_turn().values_list("pk", flat=True)[:20]


@background_task(due=_due_uploads, queue="extraction", in_turn=True)
def extract_upload(pk: int) -> None:
    """Turn the zip into pages in quarantine and rows, exactly once, or fail it with its code."""
    lease = claim(_uploads_to_extract(), pk, state=UploadState.EXTRACTING)
    if lease is None:
        return
    upload = Upload.objects.get(pk=pk)
    _note_turn(upload)
    try:
        _check(upload, lease)
    except _GaveWay:
        lease.release()
        extract_upload.enqueue(pk)
        log.info("extraction.gave_way", upload_id=pk)
    except LeaseLost:
        # Withdrawn meanwhile, or taken over by another worker. Files that were written after the
        # purge of a withdrawn upload are purged now; an upload that is under way is not touched.
        log.info("extraction.lost", upload_id=pk)
        purge_upload.run(pk)
    except STORAGE_ERRORS as error:
        # Not the upload's fault: the lease runs out, and the next attempt goes on from the kept
        # pages. A disk that stays full for an hour uses up no attempts; a zip that is gone does.
        log.exception("extraction.storage_failed", upload_id=pk, attempt=upload.attempts)
        if not isinstance(error, FileNotFoundError):
            lease.rows().update(attempts=Greatest(F("attempts") - 1, 0))
        raise


def _check(upload: Upload, lease: Lease[Upload]) -> None:
    try:
        if upload.attempts > MAX_ATTEMPTS:
            raise _Stopped(GAVE_UP, GAVE_UP)
        _take_pages(upload, lease, _extract_pages(upload, lease))
    except FileRejected as rejection:
        _fail(upload, lease, failure_columns(rejection))
    except _Stopped as stopped:
        _fail(upload, lease, stopped.columns)


def _extract_pages(upload: Upload, lease: Lease[Upload]) -> list[Page]:
    limits = archive_limits()
    pages = [Page(upload=upload, **columns) for columns in upload.pages_so_far or ()]
    with quarantine.open_archive(upload) as archive, PictureDecoder(limits) as decoder:
        file = cast(BinaryIO, archive)
        plan = preflight(file, limits)
        if not upload.title:
            words = read_comic_info(file, plan).get("Title", "").split()
            upload.title = " ".join(words)[:_TITLE_LETTERS].rstrip()
        clock = _Clock(upload)
        try:
            for source in iter_pages(file, plan, limits, skip=len(pages)):
                clock.refuse_too_much()
                image = strip_to_image(source.data, name=source.name, limits=limits)
                seen = decoder.decode(image, name=source.name)
                sha256 = hashlib.sha256(image.data).hexdigest()
                lease.keep(pages_done=len(pages))
                quarantine.store_page(upload, sha256, image.data)
                page = Page(
                    upload=upload,
                    number=source.number,
                    name=source.name,
                    content_type=image.content_type,
                    width=seen.width,
                    height=seen.height,
                    bytes=len(image.data),
                    sha256=sha256,
                    perceptual_hash=signed_hash(seen.perceptual_hash),
                    color=seen.color,
                )
                pages.append(page)
                if clock.slice_is_over and len(pages) < len(plan.pages):
                    clock.begin_slice()
                    _end_slice(upload, lease, pages)
        finally:
            clock.begin_slice()  # the time of the last page counts too
    return pages


class _Clock:
    """Adds the seconds of an upload's check to `upload.decoding_seconds`, slice by slice."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._started = time.monotonic()
        self._seconds_left = decoding_seconds_left(upload)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def slice_is_over(self) -> bool:
        return self._seconds >= SLICE_SECONDS

    def begin_slice(self) -> None:
        self._upload.decoding_seconds += self._seconds
        self._started = time.monotonic()

    def refuse_too_much(self) -> None:
        """Raise _Stopped where this zip, or all of a day's zips of its uploader, take too long."""
        seconds = self._upload.decoding_seconds + self._seconds
        if seconds > settings.UPLOAD_MAX_SECONDS:
            raise _Stopped("too_large", TOO_SLOW)
        if self._seconds_left is not None and seconds > self._seconds_left:
            raise _Stopped(QuotaUsedUp.code, DECODING_QUOTA)


def _end_slice(upload: Upload, lease: Lease[Upload], pages: list[Page]) -> None:
    """Keep the pages so far, and raise _GaveWay where another uploader waits."""
    found = [{column: getattr(page, column) for column in _PAGE_COLUMNS} for page in pages]
    # It makes progress, so it is not what kills its workers.
    kept = (
        lease.rows()
        .filter(state=UploadState.EXTRACTING)
        .update(
            pages_so_far=found,
            pages_done=len(pages),
            decoding_seconds=upload.decoding_seconds,
            attempts=0,
        )
    )
    if not kept:
        raise LeaseLost(upload.pk)
    _note_turn(upload)
    if _somebody_else_waits(upload):
        raise _GaveWay


def _note_turn(upload: Upload) -> None:
    """Note that the upload's uploader is served now."""
    if upload.uploader_id is None:
        return
    turn = ExtractionTurn(user_id=upload.uploader_id, last_at=timezone.now())
    try:
        ExtractionTurn.objects.bulk_create(
            [turn], update_conflicts=True, unique_fields=["user"], update_fields=["last_at"]
        )
    except IntegrityError:  # the account is deleted at this moment
        return


def _somebody_else_waits(upload: Upload) -> bool:
    """Return True where another uploader waits of whom no zip is being checked."""
    held = _uploads_to_extract().filter(lease_until__gte=timezone.now(), uploader__isnull=False)
    waiting = _uploads_to_extract().filter(nobody_holds(), uploader__isnull=False)
    others = waiting.exclude(uploader=upload.uploader_id)
    return others.exclude(uploader__in=held.values("uploader")).exists()


def _take_pages(upload: Upload, lease: Lease[Upload], pages: list[Page]) -> None:
    banned = find_banned_pictures(pages)
    if banned and settings.BANNED_PICTURES == "fail":
        name = next(show_name(page.name) for page in pages if page.number in banned)
        _fail(upload, lease, {"error_code": BANNED_IMAGE, "error_params": {"name": name}})
        return
    _move_to_its_title(upload, lease)
    _hand_over(upload, lease, pages, banned_pages=len(banned))


def _move_to_its_title(upload: Upload, lease: Lease[Upload]) -> None:
    """Give a one-shot whose title was found in the zip the place of that title."""
    if not upload.title or upload.chapter.number is not None:
        return
    try:
        with transaction.atomic():
            # The upload is locked before the title, as publishing does.
            row = lease.rows().filter(title="").select_for_update()
            if not row.exists():
                return
            old = upload.chapter
            upload.chapter = find_or_create_chapter(
                old.series, number=None, language=old.language, group=old.group,
                volume=upload.volume_number, title=upload.title,
            )  # fmt: skip
            row.update(chapter=upload.chapter)
            drop_empty_chapters([old.pk])
    except IntegrityError:
        # The same zip is under way there: this one stays where it is, and looks like a copy of it.
        upload.refresh_from_db(fields=["chapter"])


def _hand_over(
    upload: Upload, lease: Lease[Upload], pages: list[Page], *, banned_pages: int
) -> None:
    with transaction.atomic():
        handed_over = (
            lease.rows()
            .filter(state=UploadState.EXTRACTING)
            .update(
                state=UploadState.AWAITING_REVIEW,
                handed_over_at=timezone.now(),
                title=upload.title,
                page_count=len(pages),
                pages_done=len(pages),
                pages_so_far=None,
                decoding_seconds=upload.decoding_seconds,
                banned_pages=banned_pages,
                lease_token=None,
                lease_until=None,
                attempts=0,
            )
        )
        if not handed_over:
            raise LeaseLost(upload.pk)
        Page.objects.bulk_create(pages, batch_size=500)
        wake_queue("publishing")
    log.info("upload.awaits_review", upload_id=upload.pk, pages=len(pages))


def _fail(upload: Upload, lease: Lease[Upload], columns: dict[str, object]) -> None:
    with transaction.atomic():
        uploader = User.objects.filter(uploads=upload.pk).first()  # may be deleted by now
        if columns.get("malicious") and uploader is not None:
            hold_quota(uploader)  # a strike follows, and the user is locked first
        failed = (
            lease.rows()
            .filter(state=UploadState.EXTRACTING)
            .update(
                state=UploadState.FAILED,
                decided_at=timezone.now(),
                purge_after=timezone.now(),
                pages_so_far=None,
                decoding_seconds=upload.decoding_seconds,
                lease_token=None,
                lease_until=None,
                **columns,
            )
        )
        if not failed:
            raise LeaseLost(upload.pk)
        upload.refresh_from_db()
        strike_if_malicious(upload)
        purge_upload.enqueue(upload.pk)
    log.info("upload.failed", upload_id=upload.pk, code=upload.error_code)


def strike_if_malicious(upload: Upload) -> None:
    """Give the uploader a strike where the zip is malicious."""
    if upload.malicious and upload.uploader is not None:
        add_strike(
            upload.uploader,
            code=upload.error_code,
            subject=f"upload:{upload.pk}",
            key_id=upload.key_id,
        )
