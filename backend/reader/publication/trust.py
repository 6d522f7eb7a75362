"""Publication begins by deciding whether a checked upload needs a moderator.

Uploads of trusted users go live by themselves, except for a sample and for those that look odd.
That is found out before the transaction; the permissions are read inside it. What comes from an
outside source is trusted if the source is, whoever asked for it.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.audit import log_decision
from accounts.models import User
from common.work.background import background_task
from reader.models import Page, Upload
from reader.publication.duplicates import find_duplicates
from reader.publication.publishing import publish_upload
from reader.reading.chapters import chapters_of_public_titles, replaced_work
from reader.states import UNDECIDED, UploadState

log = structlog.get_logger(__name__)

PERMISSION = "reader.skip_review"
# Otherwise an uploader could withdraw a sampled upload and send it again until it is not sampled.
_REMEMBERED = timedelta(days=90)


def _uploads_to_assign() -> Iterable[int]:
    due = Upload.objects.filter(handed_over_at__lte=timezone.now())
    return due.order_by("handed_over_at").values_list("pk", flat=True)[:20]


@background_task(due=_uploads_to_assign, queue="publishing", every_seconds=15)
def assign_review(pk: int) -> None:
    """Approve a trusted upload that looks plain; leave any other one to the moderators.

    Where a moderator has decided before, it does nothing. Running twice, or twice at once, approves
    once.
    """
    upload = Upload.objects.select_related("chapter__series").filter(pk=pk).first()
    if upload is None:
        return
    is_plain = (
        upload.state == UploadState.AWAITING_REVIEW
        and not upload.banned_pages
        and looks_plain(upload, list(upload.pages.order_by("number")))
    )
    with transaction.atomic():
        if is_plain:
            publish_if_trusted(upload)
        Upload.objects.filter(pk=pk).update(handed_over_at=None)


def looks_plain(upload: Upload, pages: Sequence[Page]) -> bool:
    """Return True for a trusted upload about which nothing needs a moderator.

    For others it is False without a further look.
    """
    if not _is_trusted(upload) or is_sampled(upload):
        return False
    return not (
        replaced_work(upload) is not None
        or _is_repeated(upload)
        or _replaces_another(upload)
        or _is_known(upload, pages)
    )


def publish_if_trusted(upload: Upload) -> bool:
    """Approve an upload that `looks_plain`, in the caller's transaction.

    Return False where its sender is not trusted, the title not public or the upload decided by
    now: then it waits for a moderator.
    """
    if not _is_trusted(upload):
        return False
    moved = Upload.objects.filter(
        pk=upload.pk, state=UploadState.AWAITING_REVIEW, page_count__gt=0,
        handed_over_at__isnull=False, chapter__in=chapters_of_public_titles(),
    ).update(
        state=UploadState.PUBLISHING, decided_at=timezone.now(), variants_done=False
    )  # fmt: skip
    if not moved:
        return False
    log_decision(
        upload, action="approve", actor=None,
        reason="trusted source" if upload.source else "trusted",
        from_state=UploadState.AWAITING_REVIEW, to_state=UploadState.PUBLISHING,
    )  # fmt: skip
    publish_upload.enqueue(upload.pk)
    log.info("upload.trusted", upload_id=upload.pk, uploader_id=upload.uploader_id)
    return True


def is_sampled(upload: Upload) -> bool:
    """Return True for uploads in the sample, each time the same by the folder's random id."""
    percent: int = settings.TRUSTED_REVIEW_PERCENT
    return upload.folder.int % 100 < percent


def distrust_source(source: str) -> None:
    """Leave what has come from a source, and is undecided, to the moderators.

    The caller has locked what says that the source is trusted, as whoever submits from it does.
    """
    Upload.objects.all().of_source(source).filter(
        state__in=UNDECIDED, source_trusted=True
    ).update(source_trusted=False)  # fmt: skip


def _is_trusted(upload: Upload) -> bool:
    if upload.source:
        # Read anew: an operator may have taken the trust back.
        return Upload.objects.filter(pk=upload.pk, source_trusted=True).exists()
    if upload.uploader_id is None:
        return False
    # Read anew: permissions that were looked up once stick to the object.
    uploader = User.objects.filter(pk=upload.uploader_id).first()
    return (
        uploader is not None
        and uploader.is_active
        and not uploader.is_banned
        and uploader.has_perm(PERMISSION)
        and uploader.has_perm("reader.submit_upload")
    )


def _of_same_sender(upload: Upload, prefix: str = "") -> Q:
    """Match uploads of the same uploader, or of the same source."""
    column, value = ("source", upload.source) if upload.source else ("uploader", upload.uploader_id)
    return Q(**{f"{prefix}{column}": value})


def _is_repeated(upload: Upload) -> bool:
    """Return True where this zip, or another one of its sender for this chapter, was withdrawn or
    rejected lately."""
    earlier = Upload.objects.filter(
        Q(chapter=upload.chapter_id) | Q(archive_sha256=upload.archive_sha256),
        _of_same_sender(upload),
        state__in=(UploadState.WITHDRAWN, UploadState.REJECTED),
        decided_at__gt=timezone.now() - _REMEMBERED,
    )
    return earlier.exists()


def _replaces_another(upload: Upload) -> bool:
    """Return True where the chapter shows another sender's pages now."""
    live = Upload.objects.filter(live_chapter=upload.chapter_id)
    return live.exclude(_of_same_sender(upload)).exists()


def _is_known(upload: Upload, pages: Sequence[Page]) -> bool:
    """Return True where pages are another sender's, or half of them this one's from elsewhere.

    Fewer of their own may repeat, as a group's credits page is in each of its chapters. Where there
    are too many candidates to compare them all, a moderator has to look.
    """
    theirs = Page.objects.exclude(_of_same_sender(upload, "upload__"))
    found = find_duplicates(upload, pages, among=theirs)
    if found.twins or found.is_cut:
        return True
    own = Page.objects.filter(_of_same_sender(upload, "upload__"))
    return 2 * len(find_duplicates(upload, pages, among=own).twins) >= len(pages)
