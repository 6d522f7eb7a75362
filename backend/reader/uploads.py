"""An uploader's zip: submitted, checked, extracted page by page, until it waits for review.

Starts at `submit_upload` in the request, ends at AWAITING_REVIEW or FAILED in the worker;
`reader.moderation` goes on from there, or at once `reader.trust`.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import BinaryIO, cast

import structlog
from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.addresses import refuse_unconfirmed
from accounts.audit import log_decision
from accounts.authority import acting, forget_rights, refuse_banned
from accounts.bans import add_strike
from accounts.models import User
from catalog.choices import READABLE_KINDS
from catalog.models import Title
from common.background import background_task
from common.errors import AlreadyDecided, AppError, Forbidden, Invalid
from common.file_rejections import FileRejected, show_name
from common.leases import Lease, LeaseLost, claim, nobody_holds
from common.pictures.decoding import PictureDecoder
from common.pictures.hashes import signed_hash
from common.pictures.images import strip_to_image
from common.storages import STORAGE_ERRORS, StorageUnavailable
from reader import quarantine
from reader.archives import iter_pages, preflight, read_comic_info
from reader.banned_pictures import find_banned_pictures
from reader.chapters import find_or_create_chapter, find_or_create_group
from reader.limits import archive_limits
from reader.models import Chapter, Page, Upload
from reader.publishing import held_back
from reader.purging import purge_upload
from reader.quotas import hold_quota, refuse_over_quota
from reader.rejections import (
    BANNED_IMAGE,
    GAVE_UP,
    TOO_SLOW,
    UploadRejected,
    failure_columns,
)
from reader.states import UNDECIDED, UploadState
from reader.trust import looks_plain, publish_if_trusted

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
_HASH_CHUNK_BYTES = 2**20
_TITLE_LETTERS = 200


class AlreadySubmitted(AppError):
    """The same bytes by the same uploader for the same place are still under way."""

    code = "already_submitted"
    status = 409


@dataclass(frozen=True)
class Submission:
    """The words that come with a zip. `number` None is a one-shot; `group` is a slug or a name."""

    number: Decimal | None
    language: str
    title: str = ""
    volume: int | None = None
    group: str = ""


def refuse_submitter(user: User) -> None:
    """Raise Banned or Forbidden unless this person may submit chapters now."""
    refuse_banned(user)
    if not user.has_perm("reader.submit_upload"):
        raise Forbidden(_("Only uploaders may submit chapters."))
    refuse_unconfirmed(user)


def submit_upload(
    series: Title, *, uploader: User, archive: "File[bytes]", submission: Submission
) -> Upload:
    """Check the zip's directory, keep the zip, and queue its extraction.

    Raises UploadRejected (the failed Upload is kept), AlreadySubmitted, QuotaUsedUp, Forbidden,
    Banned or StorageUnavailable.
    """
    refuse_submitter(uploader)
    if series.kind not in READABLE_KINDS:
        raise Invalid(_("This title cannot have chapters."))
    archive_bytes = archive.size or 0
    refuse_over_quota(uploader, archive_bytes=archive_bytes)

    upload = Upload(
        uploader=uploader,
        key_id=uploader.used_key_id,
        filename=_plain_filename(archive.name),
        archive_bytes=archive_bytes,
        archive_sha256=_sha256_of(archive),
        title=submission.title,
        volume_number=submission.volume,
    )
    try:
        plan = preflight(cast(BinaryIO, archive), archive_limits())
    except FileRejected as rejection:
        _insert_failed(upload, series, submission, rejection, uploader=uploader)
        raise UploadRejected(upload) from None
    upload.pages_planned = len(plan.pages)
    _insert_received(upload, series, submission, archive, uploader=uploader)
    extract_upload.ring(upload.pk)
    return upload


def withdraw_upload(upload: Upload, *, user: User) -> None:
    """Take back an upload that is undecided, or waits for its title; its files go at once."""
    if upload.uploader_id != user.pk and not user.has_perm("reader.moderate_upload"):
        raise Forbidden(_("This upload is not yours."))
    from_state = upload.state
    now = timezone.now()
    with acting(user):
        # A worker that still holds it notices within its lease; the purge comes once more then.
        open_still = Q(state__in=UNDECIDED) | held_back()
        withdrawn = Upload.objects.filter(open_still, pk=upload.pk).update(
            state=UploadState.WITHDRAWN, decided_at=now, purge_after=now,
            lease_token=None, lease_until=None,
        )  # fmt: skip
        if not withdrawn:
            raise AlreadyDecided(_("This upload has been decided already."))
        log_decision(
            upload, action="withdraw", actor=user, from_state=from_state, to_state="withdrawn"
        )
        purge_upload.ring(upload.pk)


def _insert_received(
    upload: Upload,
    series: Title,
    submission: Submission,
    archive: "File[bytes]",
    *,
    uploader: User,
) -> None:
    # File first, row after: a row always has its file. A file whose request dies in between
    # is found by the sweep of folders without a row.
    archive.seek(0)
    try:
        quarantine.store_archive(upload.folder, archive)
    except STORAGE_ERRORS as error:
        log.exception("upload.not_stored")
        _delete_folder_if_possible(upload)
        raise StorageUnavailable from error
    try:
        with _inserting(uploader):
            # Counted once more: of many that were sent at once, some are over it by now.
            refuse_over_quota(uploader, archive_bytes=upload.archive_bytes)
            upload.chapter = _chapter_of(series, submission)
            upload.save(force_insert=True)
    except IntegrityError as error:
        _delete_folder_if_possible(upload)
        raise AlreadySubmitted(
            _("You have sent this zip for this chapter already, and it is under way.")
        ) from error
    except BaseException:
        _delete_folder_if_possible(upload)
        raise


def _insert_failed(
    upload: Upload,
    series: Title,
    submission: Submission,
    rejection: FileRejected,
    *,
    uploader: User,
) -> None:
    upload.state = UploadState.FAILED
    for column, value in failure_columns(rejection).items():
        setattr(upload, column, value)
    with _inserting(uploader):
        upload.chapter = _chapter_of(series, submission)
        upload.save(force_insert=True)
        _strike_if_malicious(upload)


@contextmanager
def _inserting(uploader: User) -> Iterator[None]:
    """Make a transaction of it, and ask once more who submits: a long body was sent meanwhile."""
    with acting(uploader):
        forget_rights(uploader)
        refuse_submitter(uploader)
        yield


def _chapter_of(series: Title, submission: Submission) -> Chapter:
    return find_or_create_chapter(
        series,
        number=submission.number,
        language=submission.language,
        group=find_or_create_group(submission.group),
    )


def _strike_if_malicious(upload: Upload) -> None:
    if upload.malicious and upload.uploader is not None:
        add_strike(
            upload.uploader,
            code=upload.error_code,
            subject=f"upload:{upload.pk}",
            key_id=upload.key_id,
        )


def _delete_folder_if_possible(upload: Upload) -> None:
    try:
        quarantine.delete_folder(upload.folder)
    except STORAGE_ERRORS:
        log.exception("upload.left_behind", folder=upload.folder.hex)


def _plain_filename(name: str | None) -> str:
    printable = "".join(char if char.isprintable() else "�" for char in name or "")
    return PurePosixPath(printable.replace("\\", "/")).name[-200:] or "archive.zip"


def _sha256_of(archive: "File[bytes]") -> str:
    digest = hashlib.sha256()
    for chunk in archive.chunks(_HASH_CHUNK_BYTES):
        digest.update(chunk)
    archive.seek(0)
    return digest.hexdigest()


# --- In the worker ------------------------------------------------------------------------------


def _uploads_to_extract() -> Iterable[int]:
    waiting = Upload.objects.filter(
        nobody_holds(), state__in=(UploadState.RECEIVED, UploadState.EXTRACTING)
    )
    return waiting.order_by("created_at").values_list("pk", flat=True)[:20]


@background_task(due=_uploads_to_extract, queue="extraction")
def extract_upload(pk: int) -> None:
    """Turn the zip into pages in quarantine and rows, exactly once, or fail it with its code."""
    waiting = Upload.objects.filter(state__in=(UploadState.RECEIVED, UploadState.EXTRACTING))
    lease = claim(waiting, pk, state=UploadState.EXTRACTING, pages_done=0)
    if lease is None:
        return
    upload = Upload.objects.get(pk=pk)
    try:
        if upload.attempts > MAX_ATTEMPTS:
            _fail(upload, lease, {"error_code": GAVE_UP, "error_params": {}})
            return
        _take_pages(upload, lease, list(_extract_pages(upload, lease)))
    except FileRejected as rejection:
        _fail(upload, lease, failure_columns(rejection))
    except LeaseLost:
        log.info("extraction.lost", upload_id=pk)
    except STORAGE_ERRORS as error:
        # Not the upload's fault: the lease runs out, and the next attempt starts from the zip. A
        # disk that stays full for an hour uses no attempts up; a zip that is gone does.
        log.exception("extraction.storage_failed", upload_id=pk, attempt=upload.attempts)
        if not isinstance(error, FileNotFoundError):
            lease.rows().update(attempts=F("attempts") - 1)
        raise
    finally:
        # What was written after a withdrawal goes; of an upload that is under way nothing does.
        purge_upload.run(pk)


def _extract_pages(upload: Upload, lease: Lease[Upload]) -> Iterator[Page]:
    limits = archive_limits()
    started = time.monotonic()
    with quarantine.open_archive(upload) as archive, PictureDecoder(limits) as decoder:
        file = cast(BinaryIO, archive)
        plan = preflight(file, limits)
        if not upload.title:
            words = read_comic_info(file, plan).get("Title", "").split()
            upload.title = " ".join(words)[:_TITLE_LETTERS].rstrip()
        for done, source in enumerate(iter_pages(file, plan, limits)):
            if time.monotonic() - started > settings.UPLOAD_MAX_SECONDS:
                _fail(
                    upload,
                    lease,
                    {"error_code": "too_large", "error_params": {"problem": TOO_SLOW}},
                )
                raise LeaseLost(upload.pk)
            image = strip_to_image(source.data, name=source.name, limits=limits)
            seen = decoder.decode(image, name=source.name)
            sha256 = hashlib.sha256(image.data).hexdigest()
            lease.keep(pages_done=done)
            quarantine.store_page(upload, sha256, image.data)
            yield Page(
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


def _take_pages(upload: Upload, lease: Lease[Upload], pages: list[Page]) -> None:
    banned = find_banned_pictures(pages)
    if banned and settings.BANNED_PICTURES == "fail":
        name = next(show_name(page.name) for page in pages if page.number in banned)
        _fail(upload, lease, {"error_code": BANNED_IMAGE, "error_params": {"name": name}})
        return
    is_plain = not banned and looks_plain(upload, pages)
    _hand_over(upload, lease, pages, banned_pages=len(banned), is_plain=is_plain)


def _hand_over(
    upload: Upload, lease: Lease[Upload], pages: list[Page], *, banned_pages: int, is_plain: bool
) -> None:
    with transaction.atomic():
        handed_over = (
            lease.rows()
            .filter(state=UploadState.EXTRACTING)
            .update(
                state=UploadState.AWAITING_REVIEW,
                title=upload.title,
                page_count=len(pages),
                pages_done=len(pages),
                banned_pages=banned_pages,
                lease_token=None,
                lease_until=None,
                attempts=0,
            )
        )
        if not handed_over:
            raise LeaseLost(upload.pk)
        Page.objects.bulk_create(pages, batch_size=500)
        is_on_its_way = is_plain and publish_if_trusted(upload)
    if not is_on_its_way:
        log.info("upload.awaits_review", upload_id=upload.pk, pages=len(pages))


def _fail(upload: Upload, lease: Lease[Upload], columns: dict[str, object]) -> None:
    with transaction.atomic():
        uploader = User.objects.filter(uploads=upload.pk).first()  # may have left meanwhile
        if columns.get("malicious") and uploader is not None:
            hold_quota(uploader)  # a strike follows, and the person is locked first
        failed = (
            lease.rows()
            .filter(state=UploadState.EXTRACTING)
            .update(
                state=UploadState.FAILED,
                decided_at=timezone.now(),
                purge_after=timezone.now(),
                lease_token=None,
                lease_until=None,
                **columns,
            )
        )
        if not failed:
            return
        upload.refresh_from_db()
        _strike_if_malicious(upload)
        purge_upload.ring(upload.pk)
    log.info("upload.failed", upload_id=upload.pk, code=upload.error_code)
