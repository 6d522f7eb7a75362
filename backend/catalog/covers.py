"""A title's cover is checked as a page is and stored publicly; thumbnails are made later.

That of a proposed title waits privately (`catalog.cover_drafts`) until the title is approved.
"""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import User
from catalog.cover_drafts import delete_draft_file, drop_draft, read_draft
from catalog.models import Cover, CoverDraft, Title
from catalog.permissions import MODERATE
from catalog.pictures import MAX_ATTEMPTS, check_title_picture, store_picture, store_smaller
from common.files.media import hold_media, release_media, store_media
from common.http.errors import Forbidden
from common.http.shared_cache import invalidate_cached_views
from common.models import MediaFile
from common.work.background import background_task
from common.work.leases import LeaseLost, claim, nobody_holds

SMALL_WIDTH = 320
LARGE_WIDTH = 640


def set_cover(title: Title, picture: File[bytes], *, moderator: User) -> Cover:
    """Set or replace the cover of a title.

    Moderators set covers, so a cover needs no other review. Raises Forbidden, ImageRejected,
    BannedImage or StorageUnavailable.
    """
    # Before the transaction: the picture is decoded and stored publicly first.
    if not moderator.has_perm(MODERATE):
        raise Forbidden(_("Only moderators may set a cover."))
    checked = check_title_picture(picture)
    cover = None
    while cover is None:  # a sweep may delete the file between the two steps
        original = store_picture(checked)
        with acting(moderator, permission=MODERATE):
            cover = point_at_cover(
                title, original, width=checked.seen.width, height=checked.seen.height,
                color=checked.seen.color,
            )  # fmt: skip
            if cover is not None:
                log_decision(title, action="set_cover", actor=moderator)
    return cover


def point_at_cover(
    title: Title, original: MediaFile, *, width: int, height: int, color: str
) -> Cover | None:
    """Make a stored file the title's cover, in the caller's transaction.

    Returns None where a sweep has taken the file away meanwhile; the caller stores it again.
    """
    old = Cover.objects.select_for_update().filter(title=title.pk).first()
    if not hold_media({original.pk}):
        return None
    cover, _created = Cover.objects.update_or_create(
        title_id=title.pk,
        defaults={
            "original": original, "small": None, "large": None, "color": color,
            "width": width, "height": height, "thumbnails_done": False,
            "attempts": 0, "lease_token": None, "lease_until": None,
        },
    )  # fmt: skip
    release_media(old.file_ids if old else [])
    drop_draft(title)
    invalidate_cached_views("titles")
    make_thumbnails.enqueue(cover.pk)
    return cover


def remove_cover(title: Title, *, moderator: User) -> None:
    """Remove the cover of a title, or one that waits; the next sweep deletes public files."""
    with acting(moderator, permission=MODERATE):
        if not any([drop_cover(title), drop_draft(title)]):
            return
        log_decision(title, action="remove_cover", actor=moderator)
        invalidate_cached_views("titles")


def drop_cover(title: Title, *, older_by: timedelta = timedelta(0)) -> bool:
    """Delete the title's cover in the caller's transaction; return False where it has none.

    Its files are deleted by a later sweep; for `older_by` see `release_media`.
    """
    cover = Cover.objects.select_for_update().filter(title=title.pk).first()
    if cover is None:
        return False
    cover.delete()
    release_media(cover.file_ids, older_by=older_by)
    return True


def approve_draft(title: Title) -> None:
    """Let the cover that waits become public, in the transaction that makes the title public."""
    for pk in CoverDraft.objects.filter(title=title.pk).values_list("pk", flat=True):
        CoverDraft.objects.filter(pk=pk).update(is_approved=True)
        publish_cover_draft.enqueue(pk)


def _approved_drafts() -> Iterable[int]:
    due = CoverDraft.objects.filter(nobody_holds(), is_approved=True, attempts__lt=MAX_ATTEMPTS)
    return due.order_by("pk").values_list("pk", flat=True)[:20]


@background_task(due=_approved_drafts, queue="publishing", every_seconds=60)
def publish_cover_draft(pk: int) -> None:
    """Make the cover of an approved title public; twice changes nothing."""
    lease = claim(CoverDraft.objects.filter(is_approved=True), pk)
    draft = lease.rows().select_related("title").first() if lease is not None else None
    if lease is None or draft is None:
        return
    data = read_draft(draft)
    original = store_media(data, draft.content_type)
    with transaction.atomic():
        taken, _rows = lease.rows().delete()
        if not taken:
            raise LeaseLost(pk)  # the title was rejected or got another cover meanwhile
        cover = point_at_cover(
            draft.title, original, width=draft.width, height=draft.height, color=draft.color
        )
        if cover is None:
            raise LeaseLost(pk)  # swept meanwhile: published when the lease has run out
        transaction.on_commit(partial(delete_draft_file, draft.file_name))


def _covers_without_thumbnails() -> Iterable[int]:
    due = Cover.objects.filter(nobody_holds(), thumbnails_done=False, attempts__lt=MAX_ATTEMPTS)
    return due.order_by("pk").values_list("pk", flat=True)[:20]


@background_task(due=_covers_without_thumbnails, queue="variants", every_seconds=60)
def make_thumbnails(pk: int) -> None:
    """Make both thumbnails of a cover; until then the original is served."""
    lease = claim(Cover.objects.filter(thumbnails_done=False), pk)
    if lease is None:
        return
    original = Cover.objects.select_related("original").get(pk=pk).original
    small, large = store_smaller(original, widths=(SMALL_WIDTH, LARGE_WIDTH))
    with transaction.atomic():
        if not hold_media([file.pk for file in (small, large) if file is not None]):
            raise LeaseLost(pk)  # swept meanwhile: made again when the lease has run out
        done = (
            lease.rows()
            .filter(original=original)
            .update(
                small=small, large=large, thumbnails_done=True, lease_token=None, lease_until=None
            )
        )
        if not done:
            raise LeaseLost(pk)
        invalidate_cached_views("titles")
