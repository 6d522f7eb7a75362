"""WebP: kept are the bitstream, its alpha plane and colour profile. An animation of one frame that
covers its canvas is taken for the still picture that it is. An orientation goes: neither Chromium
nor Firefox follows it, and a page must be as high as everybody is told.
Layout: RFC 9649, section 2."""

import struct
from collections.abc import Iterator

from common.files.pictures.containers.icc import clean_profile
from common.files.pictures.containers.walking import BrokenImageError, Walked

_HAS_PROFILE, _HAS_ALPHA, _IS_ANIMATED = 0x20, 0x10, 0x02
_BITSTREAMS = (b"VP8 ", b"VP8L")
_FRAME_HEADER_BYTES = 16


def strip_webp(data: bytes) -> Walked:
    (riff_bytes,) = struct.unpack_from("<L", data, 4)
    # Some writers leave out the last padding byte, but count it.
    if riff_bytes + 8 > len(data) + 1:
        raise BrokenImageError
    chunks = _first_of_each(memoryview(data)[12 : riff_bytes + 8])
    canvas = _read_canvas(chunks[b"VP8X"]) if b"VP8X" in chunks else None
    if canvas and chunks[b"VP8X"][0] & _IS_ANIMATED:
        chunks |= _only_frame(chunks, canvas)
    elif not chunks.keys().isdisjoint((b"ANIM", b"ANMF")):
        raise BrokenImageError("animated")
    bitstreams = [name for name in _BITSTREAMS if name in chunks]
    if len(bitstreams) != 1:
        raise BrokenImageError
    name = bitstreams[0]
    width, height, has_alpha = _read_frame(name, chunks[name])
    if canvas not in (None, (width, height)):
        raise BrokenImageError
    return _assemble(chunks, name, width, height, has_alpha)


def _first_of_each(body: memoryview) -> dict[bytes, memoryview]:
    chunks: dict[bytes, memoryview] = {}
    for name, content in _chunks(body):
        if name == b"ANMF" and name in chunks:
            raise BrokenImageError("animated")
        # In the simple form nothing follows the bitstream.
        if name == b"VP8X" and chunks:
            continue
        chunks.setdefault(name, content)
        if name in _BITSTREAMS and b"VP8X" not in chunks:
            break
    return chunks


def _only_frame(
    chunks: dict[bytes, memoryview], canvas: tuple[int, int]
) -> dict[bytes, memoryview]:
    """The bitstream and alpha plane of an animation's one frame, which must be all that shows."""
    frame = chunks.get(b"ANMF", memoryview(b""))
    is_whole = not any(frame[:6]) and _read_size(frame[6:12]) == canvas
    if not is_whole or not chunks.keys().isdisjoint((*_BITSTREAMS, b"ALPH")):
        raise BrokenImageError("animated")
    inner: dict[bytes, memoryview] = {}
    for name, content in _chunks(frame[_FRAME_HEADER_BYTES:]):
        inner.setdefault(name, content)
    return {name: inner[name] for name in (*_BITSTREAMS, b"ALPH") if name in inner}


def _chunks(body: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at + 8 <= len(body):
        name, size = struct.unpack_from("<4sL", body, at)
        if at + 8 + size > len(body):
            raise BrokenImageError
        yield name, body[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _read_canvas(content: memoryview) -> tuple[int, int]:
    if len(content) != 10:
        raise BrokenImageError
    return _read_size(content[4:])


def _read_size(content: memoryview) -> tuple[int, int]:
    width = int.from_bytes(content[:3], "little") + 1
    return width, int.from_bytes(content[3:6], "little") + 1


def _read_frame(name: bytes, content: memoryview) -> tuple[int, int, bool]:
    if name == b"VP8L":
        signature, bits = struct.unpack_from("<BL", content)
        if signature != 0x2F or bits >> 29:
            raise BrokenImageError
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    tag, start_code, width, height = struct.unpack_from("<3s3s2H", content)
    if tag[0] & 1 or start_code != b"\x9d\x01\x2a" or not width & 0x3FFF or not height & 0x3FFF:
        raise BrokenImageError
    return width & 0x3FFF, height & 0x3FFF, False


def _assemble(
    chunks: dict[bytes, memoryview], name: bytes, width: int, height: int, has_alpha: bool
) -> Walked:
    profile = clean_profile(bytes(chunks.get(b"ICCP", b"")))
    alpha = chunks.get(b"ALPH") if name == b"VP8 " and b"VP8X" in chunks else None
    out: list[bytes | memoryview] = []
    flags = 0
    if profile is not None:
        flags |= _HAS_PROFILE
        out.extend(_chunk(b"ICCP", profile))
    if alpha is not None:
        flags |= _HAS_ALPHA
        out.extend(_chunk(b"ALPH", alpha))
    out.extend(_chunk(name, chunks[name]))
    if flags:
        flags |= _HAS_ALPHA if has_alpha else 0
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        out[:0] = _chunk(b"VP8X", struct.pack("<L", flags) + size)
    body_bytes = 4 + sum(map(len, out))
    return Walked(
        b"".join([b"RIFF", struct.pack("<L", body_bytes), b"WEBP", *out]),
        width,
        height,
    )


def _chunk(name: bytes, content: bytes | memoryview) -> list[bytes | memoryview]:
    return [struct.pack("<4sL", name, len(content)), content, bytes(len(content) % 2)]
