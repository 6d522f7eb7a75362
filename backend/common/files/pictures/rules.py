"""What a picture may be: limits, and the codes and sentences of those that are refused."""

from dataclasses import dataclass
from typing import ClassVar

from common.files.rejections import FileRejected

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """Upper bounds of one picture. All are inclusive: a value equal to its limit passes."""

    max_picture_bytes: int = 20 * MIB
    max_picture_pixels: int = 50_000_000
    max_side_pixels: int = 20_000
    max_strip_width: int = 2_000
    max_strip_height: int = 65_000
    max_picture_seconds: float = 10.0


# problem -> (code, English sentence), as `FileRejected` wants them.
PICTURE_MESSAGES: dict[str, tuple[str, str]] = {
    "page_too_large": (
        "too_large",
        "“%(name)s” is larger than %(max_megabytes)s MB. Make the page smaller and send it again.",
    ),
    "not_an_image": (
        "bad_type",
        "“%(name)s” is not a picture that can be a page. "
        "Use JPEG, PNG, WebP, AVIF or GIF, and leave other files out.",
    ),
    "program_as_image": (
        "bad_type",
        "“%(name)s” is a program and not a picture. Replace it and send the zip again.",
    ),
    "animated": (
        "bad_type",
        "“%(name)s” is animated. Save it as a still picture and send it again.",
    ),
    "wrong_extension": (
        "type_mismatch",
        "“%(name)s” is really %(real)s. Give it the right ending and send it again.",
    ),
    "empty_file": (
        "bad_image",
        "“%(name)s” is an empty file. Put the page in again.",
    ),
    "broken_image": (
        "bad_image",
        "“%(name)s” is damaged and cannot be shown. Save the picture anew and send it again.",
    ),
    "unsupported_image": (
        "bad_image",
        "“%(name)s” uses a kind of coding that browsers cannot show. "
        "Save it as an ordinary JPEG, PNG or WebP and send it again.",
    ),
    "hidden_bytes": (
        "bad_image",
        "“%(name)s” holds bytes that are not part of the picture. "
        "Save the picture anew and send it again.",
    ),
    "too_many_pixels": (
        "image_bomb",
        "“%(name)s” has too many pixels (%(width)s × %(height)s); at most %(max_megapixels)s "
        "megapixels are allowed. Make it smaller or cut it into pages.",
    ),
    "side_too_long": (
        "image_bomb",
        "“%(name)s” is too long (%(width)s × %(height)s pixels); a side may be at most "
        "%(max_side)s pixels. Make it smaller or cut it into pages.",
    ),
    "decoding_too_slow": (
        "image_bomb",
        "“%(name)s” takes too long to open. Save the picture anew, simpler or smaller.",
    ),
    "decoding_too_big": (
        "image_bomb",
        "“%(name)s” needs too much memory to open. Make the picture smaller and send it again.",
    ),
}


class PictureRejected(FileRejected):
    """A problem of a picture that we expect."""

    sentences: ClassVar[dict[str, tuple[str, str]]] = PICTURE_MESSAGES
