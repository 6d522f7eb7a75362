"""What a file that claims to be a picture really is, and that picture without the rest.

Pure bytes: nothing is decoded here. Sizes are checked from the headers before any decoder sees
the file; `decoding.py` then decodes it and compares.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from common.files.pictures.containers.avif import strip_avif
from common.files.pictures.containers.gif import strip_gif
from common.files.pictures.containers.jpeg import strip_jpeg
from common.files.pictures.containers.png import SIGNATURE as PNG_SIGNATURE
from common.files.pictures.containers.png import read_png_size, strip_png
from common.files.pictures.containers.walking import BrokenImageError, Walked
from common.files.pictures.containers.webp import strip_webp
from common.files.pictures.rules import PictureLimits, PictureRejected
from common.files.rejections import show_name

# What a picture's name may end in, and what it then must be.
IMAGE_EXTENSIONS = {
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "jpe": "jpeg",
    "jfif": "jpeg",
    "png": "png",
    "webp": "webp",
    "avif": "avif",
    "gif": "gif",
}
_STRIPPERS: dict[str, Callable[[bytes], Walked]] = {
    "jpeg": strip_jpeg,
    "png": strip_png,
    "webp": strip_webp,
    "avif": strip_avif,
    "gif": strip_gif,
}
_SHOWN_FORMATS = {"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "avif": "AVIF", "gif": "GIF"}
# HTML is not here: a downloader that saved an error page as 005.jpg means no harm.
_PROGRAM_MAGIC = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"dex\n",
    b"\x00asm",
)
_SCRIPT_BEGINNINGS = (b"<?php", b"<script", b"@echo off", b"<job", b"<hta:")
_SIDES_SWAPPED_FROM = 5
_MALICIOUS_PIXEL_FACTOR = 4


@dataclass(frozen=True, slots=True)
class StrippedImage:
    """A picture and nothing else. Width and height are the stored ones, before orientation."""

    data: bytes
    format: str
    width: int
    height: int
    orientation: int

    @property
    def content_type(self) -> str:
        return f"image/{self.format}"

    @property
    def extension(self) -> str:
        return "jpg" if self.format == "jpeg" else self.format


def strip_to_image(data: bytes, *, name: str, limits: PictureLimits | None = None) -> StrippedImage:
    """The picture in `data` without metadata, comments, thumbnails or hidden bytes; its pixels
    are untouched. `name` is the file's name as sent, and must end as its bytes begin; raises
    PictureRejected."""
    shown = show_name(name)
    real = _recognise(data, shown)
    if IMAGE_EXTENSIONS.get(name.rpartition(".")[2].lower()) != real:
        raise PictureRejected("wrong_extension", name=shown, real=_SHOWN_FORMATS[real])
    return _strip(data, real, shown, limits or PictureLimits())


def strip_unnamed_image(
    data: bytes, *, name: str, limits: PictureLimits | None = None
) -> StrippedImage:
    """Like `strip_to_image`, for a picture whose name will not be kept and may end in anything."""
    shown = show_name(name)
    return _strip(data, _recognise(data, shown), shown, limits or PictureLimits())


def check_headers(data: bytes, *, name: str, limits: PictureLimits | None = None) -> None:
    """Raises PictureRejected for what can be seen before anything is inflated or decoded; that
    the rest is well too is known after `strip_unnamed_image` and a decode only."""
    shown = show_name(name)
    limits = limits or PictureLimits()
    real = _recognise(data, shown)
    if real != "png":
        _strip(data, real, shown, limits)
        return
    try:
        width, height = read_png_size(data)
    except BrokenImageError as broken:
        raise PictureRejected(broken.problem, name=shown) from None
    except (struct.error, IndexError, KeyError):
        raise PictureRejected("broken_image", name=shown) from None
    _check_pixels(width, height, shown, limits)
    _check_sides(width, height, shown, limits)


def _recognise(data: bytes, shown: str) -> str:
    real = detect_format(data)
    if real is None:
        if _is_program(data):
            raise PictureRejected("program_as_image", malicious=True, name=shown)
        raise PictureRejected("not_an_image", name=shown)
    return real


def _strip(data: bytes, real: str, shown: str, limits: PictureLimits) -> StrippedImage:
    try:
        if real == "png":
            # The one format whose walk costs as much as its header promises.
            _check_pixels(*read_png_size(data), shown, limits)
        walked = _STRIPPERS[real](data)
    except BrokenImageError as broken:
        raise PictureRejected(broken.problem, name=shown) from None
    except (struct.error, IndexError, KeyError):
        # The walkers read ahead without asking for lengths: what is cut short ends here.
        raise PictureRejected("broken_image", name=shown) from None
    _check_pixels(walked.width, walked.height, shown, limits)
    width, height = walked.width, walked.height
    if walked.orientation >= _SIDES_SWAPPED_FROM:
        width, height = height, width
    _check_sides(width, height, shown, limits)
    return StrippedImage(walked.data, real, walked.width, walked.height, walked.orientation)


def detect_format(data: bytes) -> str | None:
    """The format that the first bytes tell, as in `StrippedImage.format`, or None."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(PNG_SIGNATURE):
        return "png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if data[4:8] == b"ftyp" and _has_avif_brand(data):
        return "avif"
    return None


def _has_avif_brand(data: bytes) -> bool:
    brands = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
    return any(brands[at : at + 4] in (b"avif", b"avis") for at in range(0, len(brands), 4))


def _is_program(data: bytes) -> bool:
    beginning = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return data.startswith(_PROGRAM_MAGIC) or beginning.startswith(_SCRIPT_BEGINNINGS)


def _check_pixels(width: int, height: int, shown: str, limits: PictureLimits) -> None:
    if width * height > limits.max_picture_pixels:
        raise PictureRejected(
            "too_many_pixels",
            malicious=width * height > _MALICIOUS_PIXEL_FACTOR * limits.max_picture_pixels,
            name=shown,
            width=width,
            height=height,
            max_megapixels=limits.max_picture_pixels // 1_000_000,
        )


def _check_sides(width: int, height: int, shown: str, limits: PictureLimits) -> None:
    is_strip = width <= limits.max_strip_width and height <= limits.max_strip_height
    if max(width, height) > limits.max_side_pixels and not is_strip:
        raise PictureRejected(
            "side_too_long",
            name=shown,
            width=width,
            height=height,
            max_side=limits.max_side_pixels,
        )
