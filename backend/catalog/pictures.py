"""Pictures of titles, covers and screenshots, are checked as pages are, and made smaller later."""

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache

import structlog
from django.conf import settings
from django.core.files.base import File

from common.discovery import declared
from common.files.media import store_media
from common.files.picture_files import CheckedPicture, banned_sentence, check_picture
from common.files.pictures.decoding import PictureDecoder
from common.files.pictures.hashes import signed_hash
from common.files.pictures.rules import PictureLimits
from common.files.rejections import show_name
from common.files.storages import STORAGE_ERRORS, StorageUnavailable, media_storage
from common.http.errors import AppError
from common.models import MediaFile

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3


class BannedImage(AppError):
    """The picture is banned: it must not be shown again."""

    code = "banned_image"
    status = 422


def picture_limits() -> PictureLimits:
    """Return the limits of a page, which are those of a title's pictures too."""
    limits = settings.UPLOAD_LIMITS
    return PictureLimits(
        max_picture_bytes=limits["max_picture_bytes"],
        max_picture_pixels=limits["max_picture_pixels"],
        max_picture_seconds=limits["max_picture_seconds"],
    )


@lru_cache(maxsize=1)
def _declared_bans() -> tuple[Callable[..., bool], ...]:
    """Return what tells whether a picture is banned: `IS_BANNED` in `<app>/picture_bans.py`."""
    return tuple(declared("picture_bans", "IS_BANNED"))


def check_title_picture(picture: File[bytes]) -> CheckedPicture:
    """Return the picture as it may be stored; raises ImageRejected or BannedImage.

    It decodes the picture, which may take seconds: call it before a transaction begins.
    """
    checked = check_picture(picture, limits=picture_limits())
    sha256 = hashlib.sha256(checked.image.data).hexdigest()
    perceptual_hash = signed_hash(checked.seen.perceptual_hash)
    if any(ban(sha256=sha256, perceptual_hash=perceptual_hash) for ban in _declared_bans()):
        raise BannedImage(banned_sentence(show_name(picture.name or "")))
    return checked


def store_picture(checked: CheckedPicture) -> MediaFile:
    """Store a picture publicly, under a lease; raises StorageUnavailable."""
    try:
        return store_media(checked.image.data, checked.image.content_type)
    except STORAGE_ERRORS as error:
        log.exception("picture.not_stored")
        raise StorageUnavailable from error


def store_smaller(original: MediaFile, *, widths: Iterable[int]) -> list[MediaFile | None]:
    """Store a WebP of each width, under leases; None where the original is as small."""
    with media_storage().open(original.name, "rb") as file:
        data = file.read()
    with PictureDecoder(picture_limits()) as decoder:
        made = [
            decoder.make_variant(data, name=original.name, max_width=width, strip_max_width=width)
            for width in widths
        ]
    return [store_media(one.data, "image/webp") if one is not None else None for one in made]
