"""Moderators add, order and remove the screenshots of a title; smaller ones are made later."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.core.files.base import File
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.authority import acting, confirm_authority
from accounts.models import User
from catalog.models import Screenshot, Title
from catalog.permissions import MODERATE
from catalog.pictures import MAX_ATTEMPTS, check_title_picture, store_picture, store_smaller
from common.files.media import hold_media, release_media
from common.http.errors import AppError, Forbidden, Invalid, NotFound
from common.http.shared_cache import invalidate_cached_views
from common.models import MediaFile
from common.work.background import background_task
from common.work.leases import LeaseLost, claim, nobody_holds

MAX_SCREENSHOTS = 12
# As wide as a phone shows one; the original is opened by a tap.
SMALL_WIDTH = 640


class TooManyScreenshots(AppError):
    """The title has as many screenshots as one may have."""

    code = "too_many_screenshots"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            _("A title has at most %(count)d screenshots. Remove one first.")
            % {"count": MAX_SCREENSHOTS}
        )


def add_screenshot(title: Title, picture: File[bytes], *, moderator: User) -> Screenshot:
    """Add a screenshot behind the others.

    Raises Forbidden, ImageRejected, BannedImage, TooManyScreenshots or StorageUnavailable.
    """
    # Before the transaction: the picture is decoded and stored publicly first.
    if not moderator.has_perm(MODERATE):
        raise Forbidden(_("Only moderators may add screenshots."))
    checked = check_title_picture(picture)
    confirm_authority(moderator)  # nothing is stored for who has lost it while the body came
    added = None
    while added is None:  # a sweep may delete the file between the two steps
        original = store_picture(checked)
        with acting(moderator, permission=MODERATE):
            added = _add(
                title, original, width=checked.seen.width, height=checked.seen.height,
                color=checked.seen.color,
            )  # fmt: skip
            if added is not None:
                log_decision(title, action="add_screenshot", actor=moderator)
    return added


def _add(
    title: Title, original: MediaFile, *, width: int, height: int, color: str
) -> Screenshot | None:
    # Locked, so that two requests at once do not add one too many.
    Title.objects.select_for_update().get(pk=title.pk)
    held = Screenshot.objects.filter(title=title.pk)
    if held.count() >= MAX_SCREENSHOTS:
        raise TooManyScreenshots
    if not hold_media({original.pk}):
        return None
    last = held.aggregate(last=Max("position"))["last"]
    added = Screenshot.objects.create(
        title_id=title.pk, original=original, width=width, height=height, color=color,
        position=0 if last is None else last + 1,
    )  # fmt: skip
    invalidate_cached_views("titles")
    make_small_screenshot.enqueue(added.pk)
    return added


def order_screenshots(title: Title, ids: Sequence[int], *, moderator: User) -> None:
    """Put the screenshots into this order; raises Invalid where `ids` are not just all of them."""
    with acting(moderator, permission=MODERATE):
        held = Screenshot.objects.select_for_update().filter(title=title.pk).in_bulk()
        if sorted(ids) != sorted(held):
            message = _("Name every screenshot of the title once.")
            raise Invalid(message, fields={"ids": [message]})
        for position, pk in enumerate(ids):
            held[pk].position = position
        Screenshot.objects.bulk_update(held.values(), ["position"])
        log_decision(title, action="order_screenshots", actor=moderator)
        invalidate_cached_views("titles")


def remove_screenshot(title: Title, pk: int, *, moderator: User) -> None:
    """Remove a screenshot; its files are deleted by the next sweep. Raises NotFound."""
    with acting(moderator, permission=MODERATE):
        if not drop_screenshots(title, ids=[pk]):
            raise NotFound(_("There is no such screenshot."))
        log_decision(title, action="remove_screenshot", actor=moderator)
        invalidate_cached_views("titles")


def drop_screenshots(
    title: Title, *, ids: Iterable[int] | None = None, older_by: timedelta = timedelta(0)
) -> int:
    """Delete screenshots of the title, all without `ids`, in the caller's transaction.

    Returns how many there were. For `older_by` see `release_media`.
    """
    found = Screenshot.objects.select_for_update().filter(title=title.pk)
    if ids is not None:
        found = found.filter(pk__in=ids)
    dropped = list(found)
    if not dropped:
        return 0
    Screenshot.objects.filter(pk__in=[one.pk for one in dropped]).delete()
    release_media({pk for one in dropped for pk in one.file_ids}, older_by=older_by)
    return len(dropped)


def _screenshots_without_small() -> Iterable[int]:
    due = Screenshot.objects.filter(nobody_holds(), small_done=False, attempts__lt=MAX_ATTEMPTS)
    return due.order_by("pk").values_list("pk", flat=True)[:20]


@background_task(due=_screenshots_without_small, queue="variants", every_seconds=60)
def make_small_screenshot(pk: int) -> None:
    """Make the smaller picture of a screenshot; until then the original is served."""
    lease = claim(Screenshot.objects.filter(small_done=False), pk)
    if lease is None:
        return
    original = Screenshot.objects.select_related("original").get(pk=pk).original
    [small] = store_smaller(original, widths=(SMALL_WIDTH,))
    with transaction.atomic():
        if small is not None and not hold_media({small.pk}):
            raise LeaseLost(pk)  # swept meanwhile: made again when the lease has run out
        done = lease.rows().update(small=small, small_done=True, lease_token=None, lease_until=None)
        if not done:
            raise LeaseLost(pk)
        invalidate_cached_views("titles")
