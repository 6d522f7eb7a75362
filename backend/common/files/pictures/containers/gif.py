"""GIF: kept are the colour tables, transparency and the one picture. Layout: GIF89a."""

import struct

from common.files.pictures.containers.walking import BrokenImageError, Walked

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
_HAS_TRANSPARENCY = 0x01


def strip_gif(data: bytes) -> Walked:
    width, height, flags, background = struct.unpack_from("<2H2B", data, 6)
    at = 13
    colours = data[at : at + _table_bytes(flags)]
    at += len(colours)
    control = b""
    picture = b""
    while True:
        kind = data[at]
        if kind == _TRAILER:
            break
        if kind == _EXTENSION:
            start = at + 2
            at = _skip_blocks(data, start)
            if data[start - 1] == _GRAPHIC_CONTROL and not picture:
                control = _graphic_control(data[start : start + 5])
        elif kind == _IMAGE and not picture:
            end = _picture_end(data, at, width, height)
            picture = data[at:end]
            at = end
        elif kind == _IMAGE:
            raise BrokenImageError("animated")
        else:
            raise BrokenImageError
    if not picture or not width or not height:
        raise BrokenImageError
    # Not kept: the pixel aspect ratio, which browsers ignore.
    screen = struct.pack("<2H3B", width, height, flags, background, 0)
    stripped = b"".join((b"GIF89a", screen, colours, control, picture, b"\x3b"))
    return Walked(stripped, width, height)


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _skip_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _graphic_control(block: bytes) -> bytes:
    """Only the transparent colour; delay and disposal mean nothing for a still picture."""
    size, flags, _, transparent = struct.unpack("<2BHB", block)
    if size != 4:
        raise BrokenImageError
    if not flags & _HAS_TRANSPARENCY:
        return b""
    return struct.pack("<4BHBB", 0x21, 0xF9, 4, _HAS_TRANSPARENCY, 0, transparent, 0)


def _picture_end(data: bytes, at: int, width: int, height: int) -> int:
    left, top, columns, rows, flags = struct.unpack_from("<4HB", data, at + 1)
    if not columns or not rows or left + columns > width or top + rows > height:
        raise BrokenImageError
    codes = at + 10 + _table_bytes(flags)
    if not 2 <= data[codes] <= 8:
        raise BrokenImageError
    return _skip_blocks(data, codes + 1)
