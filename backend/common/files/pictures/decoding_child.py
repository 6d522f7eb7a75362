"""The process in which untrusted pictures are decoded, one after the other.

Started by `decoding.py` as a plain script under `python -I -S`; knows no Django and nothing of
the project. Limits itself before it imports Pillow. Speaks frames over stdin and stdout: it
greets with READY; a request is REQUEST (command, format, two numbers, bytes that follow) and the
file; an answer is ANSWER (bytes of JSON, bytes of a file), the JSON, the file.
"""

import importlib
import io
import json
import math
import os
import resource
import struct
import sys
from operator import mul
from typing import Any, BinaryIO, cast

_OPEN_FILES = 32


def limit_process(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


if __name__ == "__main__":
    limit_process(int(sys.argv[2]))
    sys.path.append(sys.argv[1])

# Only now: Pillow is imported inside the limits, from the one folder that the parent names.
from PIL import Image, ImageFile  # noqa: E402

REQUEST = struct.Struct("<1s8s3L")
ANSWER = struct.Struct("<2L")
READY = b"ready\n"
DESCRIBE, VARIANT, SQUARE = b"D", b"V", b"S"

_PLUGINS = {
    "jpeg": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "png": ("PIL.PngImagePlugin", "PngImageFile"),
    "webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "avif": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "gif": ("PIL.GifImagePlugin", "GifImageFile"),
}
_HASH_SIDE = 32
_HASH_FREQUENCIES = 8
# A decoder that has all its pixels while this many bytes are still to come was given bytes that
# are no pixels. An honest file needs its last one or two; some cameras pad by a few.
_TAIL_BYTES = 24
_MARKED_PIXELS = 64
# Pictures in modes that must be converted first are taken in bands of about this many pixels.
_BAND_PIXELS = 2_000_000
_VARIANT_QUALITY = 70
_VARIANT_METHOD = 4
_WEBP_MAX_SIDE = 16_383
# A page three times as high as wide is a strip: it is read at full width and scrolled.
_STRIP_RATIO = 3
_CPU_SECONDS_AT_MOST = 60
_SIDES_SWAPPED_FROM = 5
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# One row of the cosine transform (DCT-II) per frequency.
_COSINES = [
    [math.cos(math.pi * u * (2 * x + 1) / (2 * _HASH_SIDE)) for x in range(_HASH_SIDE)]
    for u in range(_HASH_FREQUENCIES)
]


class HiddenBytesError(Exception):
    """The file goes on after its last pixel."""


class _WatchedFile:
    """Gives Pillow's loader a file in two pieces, all but the last bytes and then those, and
    looks in between whether the last row is decoded already.

    Marks stand in that row until the decoder overwrites them. Progressive JPEGs show nothing
    before their end and so never look finished too early. GIF needs no marks (and, interlaced,
    ends elsewhere): its decoder stops by itself at the last pixel.
    """

    def __init__(self, image: Image.Image, data: bytes) -> None:
        self._image = image
        self._data = memoryview(data)
        self._at = 0
        self._marks: dict[tuple[int, int], Any] = {}
        self.is_early = True

    def seek(self, offset: int) -> None:
        self._at = offset

    def read(self, _: int) -> bytes:
        early_end = len(self._data) - _TAIL_BYTES
        if self._at < early_end:
            if self._image.format == "JPEG":
                self._mark()
            end = early_end
        else:
            if self._marks and all(
                self._image.im.getpixel(at) != mark for at, mark in self._marks.items()
            ):
                raise HiddenBytesError
            self.is_early = False
            end = len(self._data)
        piece = bytes(self._data[self._at : end])
        self._at = end
        return piece

    def _mark(self) -> None:
        width, height = self._image.size
        bands = len(self._image.getbands())
        for x in range(0, width, max(1, width // _MARKED_PIXELS)):
            mark = tuple(os.urandom(bands))
            at = (x, height - 1)
            self._image.im.putpixel(at, mark if bands > 1 else mark[0])
            self._marks[at] = self._image.im.getpixel(at)

    def close(self) -> None:
        self._data.release()


def decode(data: bytes, file_format: str) -> Image.Image:
    """The picture, decoded fully and once."""
    image = _open(data, file_format)
    if file_format == "webp":
        return _load_webp(image)
    if file_format not in ("jpeg", "gif"):
        image.load()
        return image
    watched = _WatchedFile(image, data)
    # Duck-typed: the loader only seeks, reads and closes.
    image.fp = cast(BinaryIO, watched)
    image.load()
    if watched.is_early and len(data) > _TAIL_BYTES:
        raise HiddenBytesError
    return image


def _open(data: bytes, file_format: str) -> ImageFile.ImageFile:
    module, reader = _PLUGINS[file_format]
    plugin = importlib.import_module(module)
    if file_format == "avif":
        # One thread: more would each take their stack out of the memory limit.
        vars(plugin)["DEFAULT_MAX_THREADS"] = 1
    # Not Image.open, which would import five plug-ins first and guess among them.
    image: ImageFile.ImageFile = getattr(plugin, reader)(io.BytesIO(data))
    if getattr(image, "n_frames", 1) != 1:
        raise HiddenBytesError
    return image


def _load_webp(image: ImageFile.ImageFile) -> Image.Image:
    """What `image.load()` does, but gives back the decoder's two canvases before the pixels are
    copied once more: three times the picture's memory instead of four."""
    inner = vars(image)
    found = inner["_decoder"].get_next()
    if found is None:
        raise OSError("the WebP data is damaged")
    inner["_decoder"] = None
    picture = Image.frombytes(image.mode, image.size, found[0], "raw", inner["rawmode"])
    picture.info = image.info
    return picture


def describe(data: bytes, file_format: str) -> dict[str, Any]:
    """What the decoded picture is: its stored size, whether it is displayed with width and height
    swapped, its hash and average colour."""
    image = decode(data, file_format)
    size = image.size
    is_turned = _orientation(image) >= _SIDES_SWAPPED_FROM
    small = shrink(image)
    del image
    red, green, blue = small.resize((1, 1), Image.Resampling.BOX).tobytes()
    return {
        "size": size,
        "is_turned": is_turned,
        "hash": perceptual_hash(small),
        "color": f"#{red:02x}{green:02x}{blue:02x}",
    }


def _orientation(image: Image.Image) -> int:
    orientation = image.getexif().get(0x0112, 1)
    return orientation if orientation in _TRANSPOSITIONS else 1


def shrink(image: Image.Image) -> Image.Image:
    """The picture over white, in RGB, each side box-averaged to 64..128 pixels where it is longer.

    Never converts a whole large picture: what Pillow cannot average directly goes in bands.
    """
    width, height = image.size
    factors = (max(1, width // 64), max(1, height // 64))
    if image.mode in ("L", "RGB", "CMYK") and "transparency" not in image.info:
        return image.reduce(factors).convert("RGB")
    small = Image.new("RGB", (-(-width // factors[0]), -(-height // factors[1])))
    band = max(_BAND_PIXELS // width // factors[1], 1) * factors[1]
    for top in range(0, height, band):
        part = image.crop((0, top, width, min(top + band, height)))
        small.paste(over_white(part).reduce(factors), (0, top // factors[1]))
    return small


def over_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16 bits of grey: Pillow's own conversion to L would cut off everything above 255.
        return image.point(lambda value: value * (1 / 256) + 0).convert("L").convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    transparent = image.convert("RGBA")
    page = Image.new("RGB", image.size, "white")
    page.paste(transparent, mask=transparent.getchannel("A"))
    return page


def perceptual_hash(picture: Image.Image) -> int:
    """64 bits that stay nearly the same when a picture is resized or compressed again.

    pHash: the lowest 8 x 8 frequencies of a 32 x 32 grey copy, each compared with their median.
    Source: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions"
    (2010), section 3.2.1. The first frequency is the top bit.
    """
    side = (_HASH_SIDE, _HASH_SIDE)
    grey = picture.convert("L").resize(side, Image.Resampling.BILINEAR).tobytes()
    rows = [grey[at : at + _HASH_SIDE] for at in range(0, len(grey), _HASH_SIDE)]
    across = [[sum(map(mul, row, wave)) for row in rows] for wave in _COSINES]
    # Rounded, so that an even area gives zero and not the noise of floating point.
    waves = [round(sum(map(mul, column, wave))) for wave in _COSINES for column in across]
    ordered = sorted(waves)
    middle = (ordered[31] + ordered[32]) / 2
    return sum(1 << 63 - index for index, wave in enumerate(waves) if wave > middle)


def make_variant(
    data: bytes, file_format: str, max_width: int, strip_max_width: int
) -> bytes | None:
    """A smaller WebP of the picture as displayed, over white; None where WebP cannot be that
    long."""
    image = _open(data, file_format)
    orientation = _orientation(image)
    width, height = image.size
    if orientation >= _SIDES_SWAPPED_FROM:
        width, height = height, width
    limit = strip_max_width if height > _STRIP_RATIO * width else max_width
    new_width = min(width, limit)
    new_height = max(1, round(height * new_width / width))
    if new_height > _WEBP_MAX_SIDE:
        return None
    stored = (
        (new_height, new_width) if orientation >= _SIDES_SWAPPED_FROM else (new_width, new_height)
    )
    # JPEG alone can be decoded smaller; the others ignore this.
    image.draft(None, stored)
    image.load()
    return _save_resized(image, stored, orientation, _profile(image))


def make_square(data: bytes, file_format: str, side: int) -> bytes:
    """A WebP of the middle of the picture as displayed, over white, `side` pixels wide and high."""
    image = _open(data, file_format)
    orientation = _orientation(image)
    width, height = image.size
    # The shorter side may become `side` and no less; all but JPEG ignore this.
    image.draft(None, (max(side, width * side // height), max(side, height * side // width)))
    image.load()
    profile = _profile(image)
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    # The middle is the middle, however the picture is turned.
    middle = image.crop((left, top, left + edge, top + edge))
    return _save_resized(middle, (side, side), orientation, profile)


def _profile(image: Image.Image) -> Any:
    return image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P") else None


def _save_resized(
    image: Image.Image, size: tuple[int, int], orientation: int, profile: Any
) -> bytes:
    smaller = _with_plain_mode(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    # Only now, since that needs two copies more: a page is on white paper wherever it is shown.
    smaller = over_white(smaller)
    if orientation != 1:
        smaller = smaller.transpose(_TRANSPOSITIONS[orientation])
    out = io.BytesIO()
    importlib.import_module("PIL.WebPImagePlugin")
    smaller.save(out, "WEBP", quality=_VARIANT_QUALITY, method=_VARIANT_METHOD, icc_profile=profile)
    return out.getvalue()


def _with_plain_mode(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return over_white(image)
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode == "RGB" else image.convert("RGB")


def answer(request: tuple[bytes, str, int, int], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Does one command; a picture that cannot be decoded is an answer, not an error."""
    command, file_format, first, second = request
    try:
        if command == DESCRIBE:
            return describe(data, file_format), b""
        if command == SQUARE:
            return {}, make_square(data, file_format, first)
        variant = make_variant(data, file_format, first, second)
    except HiddenBytesError:
        return {"problem": "hidden_bytes"}, b""
    except MemoryError:
        return {"problem": "decoding_too_big"}, b""
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error):
        # What Pillow's plug-ins raise for damaged files. Anything else ends this process, which
        # the parent takes for damage too.
        return {"problem": "broken_image"}, b""
    return {}, variant or b""


def limit_next_picture() -> None:
    """The parent's clock ends a slow picture; this does when there is no parent any more."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + _CPU_SECONDS_AT_MOST
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    sink.write(READY)
    sink.flush()
    while len(head := source.read(REQUEST.size)) == REQUEST.size:
        command, file_format, first, second, count = REQUEST.unpack(head)
        limit_next_picture()
        data = source.read(count)
        request = command, file_format.rstrip(b"\x00").decode("ascii"), first, second
        facts, file = answer(request, data)
        del data
        document = json.dumps(facts).encode()
        sink.write(ANSWER.pack(len(document), len(file)) + document + file)
        sink.flush()
        if facts.get("problem") == "decoding_too_big":
            # Whatever is left half done in memory goes with the process.
            return


if __name__ == "__main__":
    # The limits on pixels are ours and were checked from the headers.
    Image.MAX_IMAGE_PIXELS = None
    serve(sys.stdin.buffer, sys.stdout.buffer)
