"""A single picture that a user sends, such as a cover, is checked exactly as a page is."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.files.base import File
from django.utils.translation import gettext as _

from common.files.pictures.decoding import DecodedPicture, PictureDecoder, Variant
from common.files.pictures.images import (
    StrippedImage,
    check_headers,
    strip_to_image,
    strip_unnamed_image,
)
from common.files.pictures.rules import MIB, PICTURE_MESSAGES, PictureLimits, PictureRejected
from common.files.rejections import show_name
from common.http.errors import AppError


class ImageRejected(AppError):
    """A single picture cannot be taken."""

    status = 422

    def __init__(self, rejection: PictureRejected) -> None:
        sentence = rejection_sentence(rejection.problem, rejection.params)
        super().__init__(sentence, code=rejection.code)
        self.rejection = rejection


def rejection_sentence(problem: str, params: Mapping[str, str | int]) -> str:
    """Say what is wrong with a picture and what to do, in the active language."""
    return (_sentences().get(problem) or _(PICTURE_MESSAGES[problem][1])) % params


def banned_sentence(name: str) -> str:
    """Return the sentence that says which picture is banned."""
    return _(
        "“%(name)s” is a picture that was removed here before and may not be shown again. "
        "Leave it out and send the rest."
    ) % {"name": name}


def _sentences() -> dict[str, str]:
    """Return the sentences that differ from those about a page in a zip."""
    return {
        "page_too_large": _(
            "“%(name)s” is larger than %(max_megabytes)s MB. Make the picture smaller."
        ),
        "not_an_image": _(
            "“%(name)s” is not a picture that can be shown. Use JPEG, PNG, WebP, AVIF or GIF."
        ),
        "program_as_image": _("“%(name)s” is a program and not a picture."),
        "too_many_pixels": _(
            "“%(name)s” has too many pixels (%(width)s × %(height)s); at most "
            "%(max_megapixels)s megapixels are allowed. Make it smaller."
        ),
        "side_too_long": _(
            "“%(name)s” is too long (%(width)s × %(height)s pixels); a side may be at most "
            "%(max_side)s pixels. Make it smaller."
        ),
    }


@dataclass(frozen=True, slots=True)
class CheckedPicture:
    """A picture stripped of everything else in its file, and what decoding it showed."""

    image: StrippedImage
    seen: DecodedPicture


def check_picture(file: File[bytes], *, limits: PictureLimits) -> CheckedPicture:
    """Return the picture as it may be stored; raises ImageRejected."""
    name = file.name or ""
    try:
        image = strip_to_image(_read(file, limits), name=name, limits=limits)
        with PictureDecoder(limits) as decoder:
            return CheckedPicture(image, decoder.decode(image, name=name))
    except PictureRejected as rejection:
        raise ImageRejected(rejection) from rejection


def read_undecoded(file: File[bytes], *, limits: PictureLimits) -> bytes:
    """Return the bytes of a picture; raises ImageRejected for faults that show without decoding it.

    It takes milliseconds. The name may have any extension.
    """
    try:
        data = _read(file, limits)
        check_headers(data, name=file.name or "", limits=limits)
    except PictureRejected as rejection:
        raise ImageRejected(rejection) from rejection
    return data


def cut_square(data: bytes, *, name: str, side: int, limits: PictureLimits) -> Variant:
    """Return the middle of the picture as a WebP, `side` pixels wide and high.

    The name may have any extension. Raises ImageRejected.
    """
    try:
        image = strip_unnamed_image(data, name=name, limits=limits)
        with PictureDecoder(limits) as decoder:
            decoder.decode(image, name=name)
            return decoder.make_square(image, name=name, side=side)
    except PictureRejected as rejection:
        raise ImageRejected(rejection) from rejection


def _read(file: File[bytes], limits: PictureLimits) -> bytes:
    if (file.size or 0) > limits.max_picture_bytes:
        raise PictureRejected(
            "page_too_large",
            name=show_name(file.name or ""),
            max_megabytes=limits.max_picture_bytes // MIB,
        )
    return bytes(file.read())
