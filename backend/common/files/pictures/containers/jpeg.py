"""JPEG: kept are the tables, the frame, the scans, JFIF, Adobe's colour marker, colour profile and
orientation. Layout: ITU-T T.81, annex B."""

import re
import struct
from dataclasses import dataclass, field

from common.files.pictures.containers.exif import build_exif, read_orientation
from common.files.pictures.containers.icc import MAX_PROFILE_BYTES, clean_profile
from common.files.pictures.containers.walking import BrokenImageError, Walked

_SOF_SHOWN_BY_BROWSERS = frozenset({0xC0, 0xC1, 0xC2})
_SOF_OTHERS = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_DHT, _DAC, _SOI, _EOI, _SOS, _DQT, _DRI = 0xC4, 0xCC, 0xD8, 0xD9, 0xDA, 0xDB, 0xDD
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
# A marker inside or behind coded data: neither a stuffed 0xFF nor a restart.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
_FILL = re.compile(rb"\xff+")
_ICC_NAME = b"ICC_PROFILE\x00"
_ICC_PART_BYTES = 65_519
# libjpeg's own guard against decompression by repetition; honest files have about ten.
_MAX_SCANS = 500


@dataclass
class _Jpeg:
    out: list[bytes | memoryview] = field(default_factory=list)
    tables: dict[tuple[int, int], bytes] = field(default_factory=dict)
    jfif: bytes = b""
    adobe: bytes = b""
    icc_parts: dict[int, bytes] = field(default_factory=dict)
    orientation: int = 1
    width: int = 0
    height: int = 0
    quantisers: frozenset[int] = frozenset()
    scans: int = 0


def strip_jpeg(data: bytes) -> Walked:
    jpeg = _Jpeg()
    view = memoryview(data)
    at = 2
    while True:
        code, at = _next_marker(data, at)
        if code == _EOI:
            break
        (length,) = struct.unpack_from(">H", data, at)
        payload = data[at + 2 : at + length]
        if length < 2 or len(payload) != length - 2:
            raise BrokenImageError
        at += length
        if code == _SOS:
            at = _keep_scan(jpeg, data, view, payload, at)
        else:
            _take_segment(jpeg, code, payload)
    if not jpeg.scans:
        raise BrokenImageError
    return Walked(_assemble(jpeg), jpeg.width, jpeg.height, jpeg.orientation)


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    """The next marker's code and where its segment begins. What stands before it is skipped, as
    every decoder does, and so is cut."""
    match = _MARKER.search(data, at)
    if match is None:
        raise BrokenImageError
    fill = _FILL.match(data, match.start())
    at = fill.end() if fill else match.end()
    if at >= len(data):
        raise BrokenImageError
    return data[at], at + 1


def _take_segment(jpeg: _Jpeg, code: int, payload: bytes) -> None:
    if code in _SOF_SHOWN_BY_BROWSERS:
        _take_frame(jpeg, code, payload)
    elif code in _SOF_OTHERS or code == _DAC:
        raise BrokenImageError("unsupported_image")
    elif code == _SOI:
        raise BrokenImageError
    elif code == _DQT:
        _take_quantisers(jpeg, payload)
    elif code == _DHT:
        _take_huffman_tables(jpeg, payload)
    elif code == _DRI:
        if len(payload) != 2:
            raise BrokenImageError
        jpeg.tables[_DRI, 0] = payload
    elif code == _APP0 and payload.startswith(b"JFIF\x00") and len(payload) >= 14:
        # Without its thumbnail, which may show what was cropped away.
        jpeg.jfif = jpeg.jfif or payload[:12] + b"\x00\x00"
    elif code == _APP14 and payload.startswith(b"Adobe") and len(payload) >= 12:
        jpeg.adobe = jpeg.adobe or payload[:12]
    elif code == _APP1 and payload.startswith(b"Exif\x00"):
        if jpeg.orientation == 1:
            jpeg.orientation = read_orientation(payload[6:])
    elif code == _APP2 and payload.startswith(_ICC_NAME) and len(payload) > 14:
        jpeg.icc_parts.setdefault(payload[12], payload[14:])


def _take_frame(jpeg: _Jpeg, code: int, payload: bytes) -> None:
    precision, height, width, count = struct.unpack_from(">BHHB", payload)
    if jpeg.width or not width or not height or len(payload) != 6 + 3 * count:
        raise BrokenImageError
    if precision != 8 or count not in (1, 3, 4):
        raise BrokenImageError("unsupported_image")
    jpeg.width, jpeg.height = width, height
    jpeg.quantisers = frozenset(payload[8::3])
    jpeg.out.append(_segment(code, payload))


def _take_quantisers(jpeg: _Jpeg, payload: bytes) -> None:
    at = 0
    while at < len(payload):
        size = 129 if payload[at] >> 4 else 65
        table = payload[at : at + size]
        if len(table) != size:
            raise BrokenImageError
        jpeg.tables[_DQT, table[0] & 15] = table
        at += size


def _take_huffman_tables(jpeg: _Jpeg, payload: bytes) -> None:
    at = 0
    while at < len(payload):
        size = 17 + sum(payload[at + 1 : at + 17])
        table = payload[at : at + size]
        if len(table) != size or size > 17 + 256:
            raise BrokenImageError
        jpeg.tables[_DHT, table[0]] = table
        at += size


def _keep_scan(jpeg: _Jpeg, data: bytes, view: memoryview, payload: bytes, at: int) -> int:
    """Writes the tables that this scan uses, its header and its coded data; returns its end."""
    count = payload[0]
    jpeg.scans += 1
    if not jpeg.width or len(payload) != 4 + 2 * count or jpeg.scans > _MAX_SCANS:
        raise BrokenImageError
    selectors = payload[2 : 2 + 2 * count : 2]
    used = {selector >> 4 for selector in selectors} | {0x10 | s & 15 for s in selectors}
    for key in sorted(jpeg.tables):
        kind, number = key
        if kind == _DRI or (number in used if kind == _DHT else number in jpeg.quantisers):
            jpeg.out.append(_segment(kind, jpeg.tables.pop(key)))
    jpeg.out.append(_segment(_SOS, payload))
    end = at
    while True:
        match = _MARKER.search(data, end)
        if match is None:
            raise BrokenImageError
        fill = _FILL.match(data, match.start())
        after = fill.end() if fill else match.end()
        if after >= len(data) or data[after] == 0:
            raise BrokenImageError
        if not 0xD0 <= data[after] <= 0xD7:
            break
        end = after + 1
    jpeg.out.append(view[at : match.start()])
    return match.start()


def _segment(code: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(payload) + 2) + payload


def _assemble(jpeg: _Jpeg) -> bytes:
    head = [b"\xff\xd8"]
    if jpeg.jfif:
        head.append(_segment(_APP0, jpeg.jfif))
    if jpeg.orientation != 1:
        head.append(_segment(_APP1, b"Exif\x00\x00" + build_exif(jpeg.orientation)))
    if sum(map(len, jpeg.icc_parts.values())) <= MAX_PROFILE_BYTES:
        joined = b"".join(part for _, part in sorted(jpeg.icc_parts.items()))
        profile = clean_profile(joined) or b""
        starts = range(0, len(profile), _ICC_PART_BYTES)
        for index, start in enumerate(starts, start=1):
            part = profile[start : start + _ICC_PART_BYTES]
            head.append(_segment(_APP2, _ICC_NAME + bytes((index, len(starts))) + part))
    if jpeg.adobe:
        head.append(_segment(_APP14, jpeg.adobe))
    return b"".join([*head, *jpeg.out, b"\xff\xd9"])
