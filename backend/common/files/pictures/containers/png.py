"""PNG: kept are the pixels, palette, transparency and colour chunks, each of exactly its length.
An animation of one frame that is the picture itself is taken for the still picture that it is.
An orientation goes: Chromium has followed eXIf since 2024 only, and nobody where it stands behind
the pixels.
Layout: W3C PNG (third edition), sections 5 and 11."""

import struct
import zlib
from dataclasses import dataclass, field

from common.files.pictures.containers.icc import MAX_PROFILE_BYTES, clean_profile
from common.files.pictures.containers.walking import BrokenImageError, Walked

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
_CHANNELS = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGB_ALPHA: 4}
_DEPTHS = {
    _GREY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GREY_ALPHA: (8, 16),
    _RGB_ALPHA: (8, 16),
}
_FIXED_LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4}
_SIGNIFICANT_BITS = {_GREY: 1, _RGB: 3, _PALETTE: 3, _GREY_ALPHA: 2, _RGB_ALPHA: 4}
_ANIMATION = frozenset({b"acTL", b"fdAT"})
_LOOKED_AT = frozenset({b"tRNS", b"iCCP", b"sBIT", *_FIXED_LENGTHS, *_ANIMATION})
# Adam7: first column, first row, column step, row step.
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_MAX_COLOURS = 256
_INFLATE_STEP_BYTES = 1024 * 1024


@dataclass
class _Png:
    header: bytes
    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    kept: dict[bytes, bytes] = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)
    pixels: list[memoryview] = field(default_factory=list)
    # How many colours the file's palette has, also those that no pixel can name.
    colours: int = 0
    is_animation: bool = False
    has_more_frames: bool = False

    def expected_length(self, name: bytes) -> int | None:
        if name == b"sBIT":
            return _SIGNIFICANT_BITS[self.colour]
        return _FIXED_LENGTHS.get(name)


def read_png_size(data: bytes) -> tuple[int, int]:
    """Width and height from the header, for a look before `strip_png` inflates that much."""
    header = _read_header(data)
    return header.width, header.height


def strip_png(data: bytes) -> Walked:
    view = memoryview(data)
    png = _read_header(data)
    at = len(SIGNATURE) + 25
    while True:
        length, name = struct.unpack_from(">L4s", data, at)
        content = view[at + 8 : at + 8 + length]
        (crc32,) = struct.unpack_from(">L", data, at + 8 + length)
        at += 12 + length
        if name == b"IEND":
            break
        if name == b"IDAT":
            _check_crc(name, content, crc32)
            png.pixels.append(content)
        elif name == b"PLTE":
            _take_palette(png, content, crc32)
        elif name in (b"IHDR", b"CgBI"):
            raise BrokenImageError
        elif not _is_ancillary(name):
            # A critical chunk that is not in the standard: nobody could show this.
            raise BrokenImageError("unsupported_image")
        elif name in _LOOKED_AT and _crc_fits(name, content, crc32):
            # Of the others, and where the checksum is wrong, decoders show the picture without.
            _take_chunk(png, name, content)
    if png.is_animation and png.has_more_frames:
        raise BrokenImageError("animated")
    if png.colour == _PALETTE and b"PLTE" not in png.kept:
        raise BrokenImageError
    png.pixels = _cut_behind_pixels(png)
    return Walked(_assemble(png), png.width, png.height)


def _is_ancillary(name: bytes) -> bool:
    return bool(name[0] & 0x20)


def _crc_fits(name: bytes, content: memoryview, crc32: int) -> bool:
    return zlib.crc32(content, zlib.crc32(name)) == crc32


def _check_crc(name: bytes, content: memoryview, crc32: int) -> None:
    if not _crc_fits(name, content, crc32):
        raise BrokenImageError


def _read_header(data: bytes) -> _Png:
    header = data[16:29]
    length, name, width, height, depth, colour, compression, filtering, interlace = (
        struct.unpack_from(">L4s2L5B", data, 8)
    )
    (crc32,) = struct.unpack_from(">L", data, 29)
    if length != 13 or name != b"IHDR" or not width or not height:
        raise BrokenImageError
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise BrokenImageError
    _check_crc(name, memoryview(header), crc32)
    return _Png(header, width, height, depth, colour, bool(interlace))


def _take_palette(png: _Png, content: memoryview, crc32: int) -> None:
    """Keeps the colours that pixels can name; in other kinds of pictures it is only a hint."""
    if png.colour != _PALETTE or png.colours or png.pixels:
        return
    _check_crc(b"PLTE", content, crc32)
    png.colours, rest = divmod(len(content), 3)
    if rest or not 1 <= png.colours <= _MAX_COLOURS:
        raise BrokenImageError
    png.kept[b"PLTE"] = bytes(content[: 3 << png.depth])


def _take_chunk(png: _Png, name: bytes, content: memoryview) -> None:
    """Keeps the chunk's values if they are colour, and notes whether there are more frames."""
    if name in _ANIMATION:
        _look_at_animation(png, name, content)
        return
    # Only the first of each name is looked at: unpacking profiles over and over takes long.
    if name in png.seen or png.pixels:
        return
    png.seen.add(name)
    value: bytes | None = None
    if name == b"tRNS":
        value = _transparency(png, content)
    elif name == b"iCCP":
        value = _profile(content)
    elif len(content) == png.expected_length(name):
        value = bytes(content)
    if value is not None:
        png.kept[name] = value


def _look_at_animation(png: _Png, name: bytes, content: memoryview) -> None:
    """Where the one frame is not the picture itself, it stands in fdAT: two pictures in one."""
    if name == b"acTL":
        png.is_animation = True
        (frames,) = struct.unpack_from(">L", content)
        png.has_more_frames |= frames != 1
    else:
        png.has_more_frames = True


def _transparency(png: _Png, content: memoryview) -> bytes | None:
    if png.colour == _PALETTE:
        if not 0 < len(content) <= png.colours:
            return None
        return bytes(content[: 1 << png.depth])
    fits = len(content) == {_GREY: 2, _RGB: 6}.get(png.colour)
    return bytes(content) if fits else None


def _profile(content: memoryview) -> bytes | None:
    name_end = bytes(content[:80]).find(b"\x00")
    if not 1 <= name_end <= 79 or bytes(content[name_end + 1 : name_end + 2]) != b"\x00":
        return None
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(content[name_end + 2 :], MAX_PROFILE_BYTES + 1)
    except zlib.error:
        return None
    cleaned = clean_profile(profile) if inflater.eof else None
    # The profile's name is free text too.
    return None if cleaned is None else b"ICC\x00\x00" + zlib.compress(cleaned)


def _raw_bytes(png: _Png) -> int:
    """How many bytes the pixels take before compression, filter bytes included."""
    bits = _CHANNELS[png.colour] * png.depth
    if not png.interlaced:
        return (1 + (png.width * bits + 7) // 8) * png.height
    total = 0
    for first_column, first_row, column_step, row_step in _PASSES:
        columns = (png.width - first_column + column_step - 1) // column_step
        rows = (png.height - first_row + row_step - 1) // row_step
        if columns > 0 and rows > 0:
            total += (1 + (columns * bits + 7) // 8) * rows
    return total


def _cut_behind_pixels(png: _Png) -> list[memoryview]:
    """The IDAT contents up to the end of their zlib stream, which must hold the pixels and no
    more. Inflates in steps and keeps nothing."""
    inflater = zlib.decompressobj()
    left = _raw_bytes(png)
    kept: list[memoryview] = []
    for content in png.pixels:
        pending: bytes | memoryview = content
        while pending and not inflater.eof:
            try:
                step = len(inflater.decompress(pending, min(left + 1, _INFLATE_STEP_BYTES)))
            except zlib.error:
                raise BrokenImageError from None
            left -= step
            if left < 0:
                raise BrokenImageError("hidden_bytes")
            pending = inflater.unconsumed_tail
        used = len(content) - len(inflater.unused_data)
        if used:
            kept.append(content[:used])
        if inflater.eof:
            break
    if left or not inflater.eof:
        raise BrokenImageError
    return kept


def _chunk(name: bytes, content: bytes | memoryview) -> tuple[bytes, bytes | memoryview, bytes]:
    crc32 = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">L4s", len(content), name), content, struct.pack(">L", crc32)


def _assemble(png: _Png) -> bytes:
    out: list[bytes | memoryview] = [SIGNATURE, *_chunk(b"IHDR", png.header)]
    for name, value in png.kept.items():
        out.extend(_chunk(name, value))
    for content in png.pixels:
        out.extend(_chunk(b"IDAT", content))
    out.extend(_chunk(b"IEND", b""))
    return b"".join(out)
