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
from django.db.models.functions import Greatest
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
from common.leases import Lease, LeaseLost, claim
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
from reader.places import drop_empty_chapters
from reader.publishing import held_back
from reader.purging import purge_upload
from reader.quotas import (
    QuotaUsedUp,
    decoding_seconds_left,
    hold_quota,
    refuse_over_quota,
)
from reader.rejections import (
    BANNED_IMAGE,
    DECODING_QUOTA,
    GAVE_UP,
    TOO_SLOW,
    UploadRejected,
    failure_columns,
)
from reader.states import UNDECIDED, UploadState
from reader.trust import looks_plain, publish_if_trusted
from reader.turns import (
    SLICE_SECONDS,
    note_turn,
    somebody_else_waits,
    uploads_in_turn,
    uploads_to_extract,
)

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
_HASH_CHUNK_BYTES = 2**20
_TITLE_LETTERS = 200
_PAGE_COLUMNS = (
    "number", "name", "content_type", "width", "height", "bytes", "sha256", "perceptual_hash",
    "color",
)  # fmt: skip


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
            state=UploadState.WITHDRAWN, decided_at=now, purge_after=now, pages_so_far=None,
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
        volume=submission.volume,
        title=submission.title,
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


class _Stopped(Exception):
    """The check ends here, for a reason that is not in the zip; `columns` tell it."""

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(problem)
        self.columns: dict[str, object] = {"error_code": code, "error_params": {"problem": problem}}


class _GaveWay(Exception):
    """Somebody else's turn has come; what was found is kept."""


def _uploads_to_extract() -> Iterable[int]:
    return uploads_in_turn().values_list("pk", flat=True)[:20]


@background_task(due=_uploads_to_extract, queue="extraction", in_turn=True)
def extract_upload(pk: int) -> None:
    """Turn the zip into pages in quarantine and rows, exactly once, or fail it with its code."""
    lease = claim(uploads_to_extract(), pk, state=UploadState.EXTRACTING)
    if lease is None:
        return
    upload = Upload.objects.get(pk=pk)
    note_turn(upload)
    try:
        if upload.attempts > MAX_ATTEMPTS:
            _fail(upload, lease, {"error_code": GAVE_UP, "error_params": {}})
            return
        _take_pages(upload, lease, _extract_pages(upload, lease))
    except FileRejected as rejection:
        _fail(upload, lease, failure_columns(rejection))
    except _Stopped as stopped:
        _fail(upload, lease, stopped.columns)
    except _GaveWay:
        lease.release()
        extract_upload.ring(pk)
        log.info("extraction.gave_way", upload_id=pk)
    except LeaseLost:
        log.info("extraction.lost", upload_id=pk)
    except STORAGE_ERRORS as error:
        # Not the upload's fault: the lease runs out, and the next attempt goes on from what was
        # kept. A disk that stays full for an hour uses no attempts up; a zip that is gone does.
        log.exception("extraction.storage_failed", upload_id=pk, attempt=upload.attempts)
        if not isinstance(error, FileNotFoundError):
            lease.rows().update(attempts=Greatest(F("attempts") - 1, 0))
        raise
    finally:
        # What was written after a withdrawal goes; of an upload that is under way nothing does.
        purge_upload.run(pk)


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
            clock.begin_slice()  # what the last one took counts too
    return pages


class _Clock:
    """Counts into `upload.decoding_seconds` what its check takes, a slice at a time."""

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
        """Raise _Stopped where the zip, or all of its uploader's of a day, take too long."""
        seconds = self._upload.decoding_seconds + self._seconds
        if seconds > settings.UPLOAD_MAX_SECONDS:
            raise _Stopped("too_large", TOO_SLOW)
        if self._seconds_left is not None and seconds > self._seconds_left:
            raise _Stopped(QuotaUsedUp.code, DECODING_QUOTA)


def _end_slice(upload: Upload, lease: Lease[Upload], pages: list[Page]) -> None:
    """Keep what was found, and give way where somebody else waits."""
    found = [{column: getattr(page, column) for column in _PAGE_COLUMNS} for page in pages]
    # It comes on, so it is not what kills its workers.
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
    note_turn(upload)
    if somebody_else_waits(upload):
        raise _GaveWay


def _take_pages(upload: Upload, lease: Lease[Upload], pages: list[Page]) -> None:
    banned = find_banned_pictures(pages)
    if banned and settings.BANNED_PICTURES == "fail":
        name = next(show_name(page.name) for page in pages if page.number in banned)
        _fail(upload, lease, {"error_code": BANNED_IMAGE, "error_params": {"name": name}})
        return
    _move_to_its_title(upload, lease)
    is_plain = not banned and looks_plain(upload, pages)
    _hand_over(upload, lease, pages, banned_pages=len(banned), is_plain=is_plain)


def _move_to_its_title(upload: Upload, lease: Lease[Upload]) -> None:
    """Give a one-shot whose title was found in the zip the place of that title."""
    if not upload.title or upload.chapter.number is not None:
        return
    try:
        with transaction.atomic():
            # The upload before the title, as those lock them who publish.
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
        # The same zip of theirs is under way there: this one stays, and looks like a copy of it.
        upload.refresh_from_db(fields=["chapter"])


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
                pages_so_far=None,
                decoding_seconds=upload.decoding_seconds,
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
