"""Covers at addresses of other sites are fetched by a worker, and kept as our own.

A source's become public at once, as its titles do; one whose address a user named waits privately
with that user's own title. What somebody here has set or removed stays.
"""

from collections.abc import Iterable

import structlog
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from catalog.choices import Moderation
from catalog.cover_drafts import delete_draft_file, keep_draft, store_draft
from catalog.covers import point_at_cover
from catalog.models import Cover, CoverDraft, Title
from catalog.pictures import check_title_picture, store_picture
from common.files.media import CONTENT_TYPES
from common.files.picture_files import CheckedPicture
from common.http.errors import AppError
from common.outbound.client import FetchFailed, outbound_client
from common.work.background import background_task
from common.work.leases import Lease, LeaseLost, claim, nobody_holds
from sources.models import CoverFetch
from sources.titles.facts import clean_url

log = structlog.get_logger(__name__)

QUEUE = "source_files"
_MAX_ATTEMPTS = 3
_MAX_BYTES = 10 * 2**20
_MAX_URL = 1000
_KEPT = "kept"  # the cover of somebody here is not replaced


def ask_for_cover(title: Title, url: str, *, source: str = "") -> bool:
    """Have a cover fetched for a title, in the caller's transaction; return False where none is.

    `source` is empty where a user named the address.
    """
    url = clean_url(url, _MAX_URL)
    known = CoverFetch.objects.filter(pk=title.pk).first()
    if not url or (known is not None and known.url == url and not known.error_code):
        return False
    if not _may_replace(title.pk, known):
        return False
    CoverFetch.objects.update_or_create(
        title=title,
        defaults={
            "url": url, "source": source, "is_done": False, "error_code": "", "attempts": 0,
            "asked_at": timezone.now(), "lease_token": None, "lease_until": None,
        },
    )  # fmt: skip
    fetch_cover.enqueue(title.pk)
    return True


def _due_covers() -> Iterable[int]:
    due = CoverFetch.objects.filter(nobody_holds(), is_done=False)
    return due.order_by("asked_at").values_list("pk", flat=True)[:20]


@background_task(due=_due_covers, queue=QUEUE)
def fetch_cover(title_id: int) -> None:
    """Fetch the cover of a title, check it as an upload, and keep it; twice changes nothing."""
    lease = claim(CoverFetch.objects.filter(is_done=False), title_id)
    fetch = lease.rows().first() if lease is not None else None
    if lease is None or fetch is None:
        return
    try:
        checked = _fetch(fetch)
    except FetchFailed as error:
        if error.is_final or fetch.attempts >= _MAX_ATTEMPTS:
            _end(lease, error_code=error.code)
        return  # else it is tried again when the lease has run out
    except AppError as error:  # what stands there is no picture that can be shown
        log.info("cover.refused", title_id=title_id, code=error.code)
        _end(lease, error_code=error.code)
        return
    if fetch.source:
        _publish(lease, checked)
    else:
        _keep_privately(lease, checked)


def _fetch(fetch: CoverFetch) -> CheckedPicture:
    content_types = sorted(set(CONTENT_TYPES.values()))
    fetched, data = outbound_client().fetch(
        fetch.url, max_bytes=_MAX_BYTES, content_types=content_types
    )
    extension = next(
        extension for extension, known in CONTENT_TYPES.items() if known == fetched.content_type
    )
    return check_title_picture(ContentFile(data, name=f"cover.{extension}"))


def _publish(lease: Lease[CoverFetch], checked: CheckedPicture) -> None:
    original = store_picture(checked)
    with transaction.atomic():
        fetch = _locked(lease)
        if not _may_replace(fetch.title_id, fetch):
            _end(lease, error_code=_KEPT)
            return
        cover = point_at_cover(
            fetch.title, original, width=checked.seen.width, height=checked.seen.height,
            color=checked.seen.color,
        )  # fmt: skip
        if cover is None:
            raise LeaseLost(lease.pk)  # swept meanwhile: fetched again when the lease has run out
        _end(lease, file_name=original.name)


def _keep_privately(lease: Lease[CoverFetch], checked: CheckedPicture) -> None:
    name = store_draft(checked)
    is_kept = False
    try:
        with transaction.atomic():
            fetch = _locked(lease)
            is_kept = fetch.title.moderation == Moderation.UNLISTED and _may_replace(
                fetch.title_id, fetch
            )
            if is_kept:
                keep_draft(fetch.title, name, checked)
            _end(lease, error_code="" if is_kept else _KEPT)
    finally:
        if not is_kept:
            delete_draft_file(name)


def _locked(lease: Lease[CoverFetch]) -> CoverFetch:
    """Return the row with its title, which is locked; raises LeaseLost."""
    title_id = lease.rows().values_list("title_id", flat=True).first()
    title = Title.objects.select_for_update().filter(pk=title_id or 0).first()
    fetch = lease.rows().first()
    if fetch is None or title is None:
        raise LeaseLost(lease.pk)
    fetch.title = title
    return fetch


def _may_replace(title_id: int, fetch: CoverFetch | None) -> bool:
    """Return False where the title's cover is not the one that was fetched for it."""
    cover = Cover.objects.select_related("original").filter(title=title_id).first()
    fetched = fetch.file_name if fetch is not None else ""
    if cover is not None:
        return cover.original.name == fetched
    has_draft = CoverDraft.objects.filter(title=title_id).exists()
    # A fetched one that is there no more was removed; a draft is its author's to replace.
    return not fetched and (fetch is None or not fetch.source or not has_draft)


def _end(lease: Lease[CoverFetch], *, error_code: str = "", **columns: str) -> None:
    lease.rows().update(
        is_done=True, error_code=error_code, lease_token=None, lease_until=None, **columns
    )
