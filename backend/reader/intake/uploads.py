"""An uploader submits a zip, or withdraws it while it is undecided.

Starts at `submit_upload`, ends with the row RECEIVED; `reader.intake.extraction` goes on with it.
`submit_from_source` takes a zip that a worker has made of the pages of an outside source, the same
way but for the person: nobody's right is asked for, nobody's quota is used up.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

import structlog
from django.core.files.base import File
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.addresses import refuse_unconfirmed
from accounts.auth.authority import acting
from accounts.models import User
from catalog.choices import READABLE_KINDS, Moderation
from catalog.models import Title
from common.files.rejections import FileRejected
from common.files.storages import STORAGE_ERRORS, StorageUnavailable
from common.http.errors import AlreadyDecided, AppError, Forbidden, Invalid
from reader.intake import quarantine
from reader.intake.archives import preflight
from reader.intake.extraction import extract_upload, strike_if_malicious
from reader.intake.purging import purge_upload
from reader.intake.quotas import archive_limits, refuse_over_quota
from reader.intake.rejections import UploadRejected, failure_columns
from reader.models import Chapter, Upload
from reader.permissions import MODERATE
from reader.reading.chapters import find_or_create_chapter, find_or_create_group, held_back
from reader.states import UNDECIDED, UploadState

log = structlog.get_logger(__name__)

_HASH_CHUNK_BYTES = 2**20


class AlreadySubmitted(AppError):
    """The same bytes by the same uploader for the same place are still under way."""

    code = "already_submitted"
    status = 409


@dataclass(frozen=True)
class Submission:
    """The data that comes with a zip. `number` None is a one-shot; `group` is a slug or a name."""

    number: Decimal | None
    language: str
    title: str = ""
    volume: int | None = None
    group: str = ""


@dataclass(frozen=True)
class Origin:
    """The chapter of an outside source that an upload is.

    `facts` are what is shown of it: label, site_url, groups and credits.
    """

    source: str
    chapter: str
    facts: Mapping[str, Any]
    asked_by_id: int | None


# Opens the transaction that inserts an upload; raises where it may not be inserted any more.
Inserting = Callable[[Upload], AbstractContextManager[None]]


def refuse_submitter(user: User) -> None:
    """Raise Forbidden or Unconfirmed unless the user may submit chapters."""
    if not user.has_perm("reader.submit_upload"):
        raise Forbidden(_("Only uploaders may submit chapters."))
    refuse_unconfirmed(user)


def submit_upload(
    series: Title, *, uploader: User, archive: File[bytes], submission: Submission
) -> Upload:
    """Check the zip's directory, keep the zip, and queue its extraction.

    The API calls `refuse_submitter` before it reads the body; here the transaction asks again, for
    the body may have taken minutes. Raises UploadRejected (the failed Upload is kept),
    AlreadySubmitted, QuotaUsedUp, Forbidden, Unconfirmed, Banned, InvalidToken or
    StorageUnavailable.
    """
    refuse_series_without_chapters(series)
    refuse_over_quota(uploader, archive_bytes=archive.size or 0)
    upload = Upload(uploader=uploader, key_id=uploader.used_key_id)
    return _submit(upload, series, archive, submission, partial(_inserting, uploader))


def submit_from_source(
    series: Title,
    *,
    origin: Origin,
    archive: File[bytes],
    submission: Submission,
    inserting: Inserting,
) -> Upload:
    """Submit a chapter of an outside source as `submit_upload` does.

    `inserting` opens the transaction of the caller's own row, so that there is one upload whenever
    the worker dies. Raises what it raises, UploadRejected, AlreadySubmitted or StorageUnavailable.
    """
    refuse_series_without_chapters(series)
    upload = Upload(
        source=origin.source,
        source_chapter=origin.chapter,
        source_facts=dict(origin.facts),
        asked_by_id=origin.asked_by_id,
    )
    return _submit(upload, series, archive, submission, inserting)


def refuse_series_without_chapters(series: Title) -> None:
    """Raise Invalid for a title that cannot have chapters."""
    if series.kind not in READABLE_KINDS:
        raise Invalid(_("This title cannot have chapters."))
    if series.moderation == Moderation.UNLISTED:
        raise Invalid(_("This title is in no public list, and so cannot have chapters."))


def withdraw_upload(upload: Upload, *, user: User) -> None:
    """Withdraw an upload that is undecided, or waits for its title; its files are deleted at once.

    Raises Forbidden or AlreadyDecided.
    """
    from_state = upload.state
    now = timezone.now()
    with acting(user):
        if upload.uploader_id != user.pk and not user.has_perm(MODERATE):
            raise Forbidden(_("This upload is not yours."))
        # A worker that still holds it notices within its lease, and purges it once more then.
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
        purge_upload.enqueue(upload.pk)


def _submit(
    upload: Upload,
    series: Title,
    archive: File[bytes],
    submission: Submission,
    inserting: Inserting,
) -> Upload:
    upload.filename = _plain_filename(archive.name)
    upload.archive_bytes = archive.size or 0
    upload.archive_sha256 = _sha256_of(archive)
    upload.title = submission.title
    upload.volume_number = submission.volume
    try:
        plan = preflight(cast(BinaryIO, archive), archive_limits())
    except FileRejected as rejection:
        _insert_failed(upload, series, submission, rejection, inserting)
        raise UploadRejected(upload) from None
    upload.pages_planned = len(plan.pages)
    _insert_received(upload, series, archive, submission, inserting)
    extract_upload.enqueue(upload.pk)
    return upload


def _insert_received(
    upload: Upload,
    series: Title,
    archive: File[bytes],
    submission: Submission,
    inserting: Inserting,
) -> None:
    # File first, row after, so that a row always has its file. The sweep of stray folders finds
    # the file of a request that dies in between.
    archive.seek(0)
    try:
        quarantine.store_archive(upload.folder, archive)
    except STORAGE_ERRORS as error:
        log.exception("upload.not_stored")
        _delete_folder_if_possible(upload)
        raise StorageUnavailable from error
    try:
        with inserting(upload):
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
    inserting: Inserting,
) -> None:
    upload.state = UploadState.FAILED
    for column, value in failure_columns(rejection).items():
        setattr(upload, column, value)
    with inserting(upload):
        upload.chapter = _chapter_of(series, submission)
        upload.save(force_insert=True)
        strike_if_malicious(upload)


@contextmanager
def _inserting(uploader: User, upload: Upload) -> Iterator[None]:
    """Open the transaction of a submission, if the uploader may still submit."""
    with acting(uploader):
        refuse_submitter(uploader)
        if upload.state == UploadState.RECEIVED:
            # Asked again: of many uploads that were sent at once, some are over the quota by now.
            refuse_over_quota(uploader, archive_bytes=upload.archive_bytes)
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


def _delete_folder_if_possible(upload: Upload) -> None:
    try:
        quarantine.delete_folder(upload.folder)
    except STORAGE_ERRORS:
        log.exception("upload.left_behind", folder=upload.folder.hex)


def _plain_filename(name: str | None) -> str:
    printable = "".join(char if char.isprintable() else "�" for char in name or "")
    return PurePosixPath(printable.replace("\\", "/")).name[-200:] or "archive.zip"


def _sha256_of(archive: File[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in archive.chunks(_HASH_CHUNK_BYTES):
        digest.update(chunk)
    archive.seek(0)
    return digest.hexdigest()
