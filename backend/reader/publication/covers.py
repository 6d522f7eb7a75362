"""A title's cover is checked as a page is and stored publicly; thumbnails are made later."""

import hashlib
from collections.abc import Iterable

import structlog
from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Cover, Title
from catalog.moderation import drop_cover
from catalog.permissions import MODERATE
from common.files.media import hold_media, release_media, store_media
from common.files.picture_files import check_picture
from common.files.pictures.decoding import DecodedPicture, PictureDecoder
from common.files.pictures.hashes import signed_hash
from common.files.rejections import show_name
from common.files.storages import STORAGE_ERRORS, StorageUnavailable, media_storage
from common.http.errors import AppError, Forbidden
from common.http.shared_cache import invalidate_cached_views
from common.models import MediaFile
from common.work.background import background_task
from common.work.leases import LeaseLost, claim, nobody_holds
from reader.intake.banned_pictures import is_banned_picture
from reader.intake.quotas import archive_limits
from reader.intake.rejections import banned_sentence

log = structlog.get_logger(__name__)

SMALL_WIDTH = 320
LARGE_WIDTH = 640
MAX_ATTEMPTS = 3


class BannedCover(AppError):
    """The picture is banned: it must not be shown again."""

    code = "banned_image"
    status = 422


def set_cover(title: Title, picture: File[bytes], *, moderator: User) -> Cover:
    """Set or replace the cover of a title.

    Moderators set covers, so a cover needs no other review. Raises Forbidden, ImageRejected,
    BannedCover or StorageUnavailable.
    """
    # Before the transaction: the picture is decoded and stored publicly first.
    if not moderator.has_perm(MODERATE):
        raise Forbidden(_("Only moderators may set a cover."))
    checked = check_picture(picture, limits=archive_limits())
    image = checked.image
    if is_banned_picture(
        sha256=hashlib.sha256(image.data).hexdigest(),
        perceptual_hash=signed_hash(checked.seen.perceptual_hash),
    ):
        raise BannedCover(banned_sentence(show_name(picture.name or "")))
    cover = None
    while cover is None:  # a sweep may delete the file between the two steps
        try:
            original = store_media(image.data, image.content_type)
        except STORAGE_ERRORS as error:
            log.exception("cover.not_stored", title_id=title.pk)
            raise StorageUnavailable from error
        cover = _replace_cover(title, original, checked.seen, moderator=moderator)
    return cover


def _replace_cover(
    title: Title, original: MediaFile, seen: DecodedPicture, *, moderator: User
) -> Cover | None:
    with acting(moderator):
        old = Cover.objects.select_for_update().filter(title=title).first()
        if not hold_media({original.pk}):
            return None
        cover, _created = Cover.objects.update_or_create(
            title=title,
            defaults={
                "original": original, "small": None, "large": None, "color": seen.color,
                "width": seen.width, "height": seen.height, "thumbnails_done": False,
                "attempts": 0, "lease_token": None, "lease_until": None,
            },
        )  # fmt: skip
        release_media(old.file_ids if old else [])
        log_decision(title, action="set_cover", actor=moderator)
        invalidate_cached_views()
        make_thumbnails.enqueue(cover.pk)
    return cover


def remove_cover(title: Title, *, moderator: User) -> None:
    """Remove the cover of a title; its files are deleted by the next sweep."""
    with acting(moderator, permission=MODERATE):
        if not drop_cover(title):
            return
        log_decision(title, action="remove_cover", actor=moderator)
        invalidate_cached_views()


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
    with media_storage().open(original.name, "rb") as file:
        data = file.read()
    with PictureDecoder(archive_limits()) as decoder:
        thumbnails = [
            decoder.make_variant(data, name=original.name, max_width=width, strip_max_width=width)
            for width in (SMALL_WIDTH, LARGE_WIDTH)
        ]
    small, large = (
        store_media(made.data, "image/webp") if made is not None else None for made in thumbnails
    )
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
        invalidate_cached_views()
