"""AVIF: the file is rebuilt around its primary picture, that picture's tiles and its alpha plane.
Layout: ISO/IEC 14496-12 and 23008-12 (HEIF), AV1 Image File Format 1.1, AV1 bitstream section 5.3.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from common.files.pictures.containers.icc import clean_profile
from common.files.pictures.containers.walking import BrokenImageError, Walked

# Bounds on work: an honest file has a few items, or one for each tile of a large picture.
_MAX_ITEMS = 400
_MAX_META_BYTES = 2 * 1024 * 1024
_ALPHA_NAMES = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00",
    b"urn:mpeg:hevc:2015:auxid:1\x00",
)
# Properties that define the picture, with the bytes of their content; None = checked apart.
_PROPERTIES: dict[bytes, int | None] = {
    b"ispe": 12,
    b"irot": 1,
    b"imir": 1,
    b"pasp": 8,
    b"a1op": 1,
    b"clli": 4,
    b"mdcv": 24,
    b"lsel": 2,
    b"pixi": None,
    b"av1C": None,
    b"colr": None,
    b"auxC": None,
}
# Firefox refuses a crop, Chromium applies some and ignores others, Pillow ignores all; and in any
# other order a rotation and a mirror mean different things to them.
_TRANSFORMATIONS = (b"clap", b"irot", b"imir")
_TRANSFORMATIONS_SHOWN: tuple[list[bytes], ...] = ([], [b"irot"], [b"imir"], [b"irot", b"imir"])
_OBU_SEQUENCE, _OBU_TEMPORAL_DELIMITER = 1, 2
_OBU_KEPT = frozenset(
    {_OBU_SEQUENCE, 3, 4, 6, 7}
)  # with frame header, tile group, frame, redundant


@dataclass
class _Item:
    kind: bytes = b""
    method: int = 0
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[tuple[int, bool]] = field(default_factory=list)


@dataclass
class _Meta:
    primary: int = 0
    items: dict[int, _Item] = field(default_factory=dict)
    references: list[tuple[bytes, int, list[int]]] = field(default_factory=list)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    idat: bytes = b""


def strip_avif(data: bytes) -> Walked:
    boxes = list(_boxes(data, 0, len(data)))
    if boxes[0][0] != b"ftyp" or data[boxes[0][1] : boxes[0][1] + 4] == b"avis":
        raise BrokenImageError("animated" if boxes[0][0] == b"ftyp" else "broken_image")
    if any(name == b"moov" for name, _, _ in boxes):
        raise BrokenImageError("animated")
    metas = [data[start:end] for name, start, end in boxes if name == b"meta"]
    if len(metas) != 1 or len(metas[0]) > _MAX_META_BYTES:
        raise BrokenImageError
    meta = _read_meta(metas[0])
    kept = _kept_items(meta)
    _refuse_repeated_bytes(data, meta, kept)
    payloads = {number: _item_bytes(data, meta, number) for number in kept}
    properties = _kept_properties(meta, kept)
    width, height = _size(meta)
    orientation = _orientation(meta)
    return Walked(_assemble(meta, kept, payloads, properties), width, height, orientation)


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the content of each box. What follows the last whole box is left."""
    while at + 8 <= end:
        size, name = struct.unpack_from(">L4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        stop = end if size == 0 else at + size
        if stop < start:
            raise BrokenImageError
        if stop > end:
            return
        yield name, start, stop
        at = stop


def _read_meta(body: bytes) -> _Meta:
    meta = _Meta()
    found: dict[bytes, bytes] = {}
    for name, start, end in _boxes(body, 4, len(body)):
        if name in found:
            raise BrokenImageError
        found[name] = body[start:end]
    if found.get(b"hdlr", b"")[8:12] != b"pict":
        raise BrokenImageError
    pitm = found[b"pitm"]
    meta.primary = int.from_bytes(pitm[4 : 6 if pitm[0] == 0 else 8], "big")
    meta.idat = found.get(b"idat", b"")
    _read_item_infos(meta, found[b"iinf"])
    _read_locations(meta, found[b"iloc"])
    _read_references(meta, found.get(b"iref", bytes(4)))
    _read_properties(meta, found[b"iprp"])
    return meta


def _read_item_infos(meta: _Meta, iinf: bytes) -> None:
    for name, start, end in _boxes(iinf, 6 if iinf[0] == 0 else 8, len(iinf)):
        if name != b"infe" or iinf[start] not in (2, 3):
            raise BrokenImageError
        wide = iinf[start] == 3
        number = int.from_bytes(iinf[start + 4 : start + (8 if wide else 6)], "big")
        kind_at = start + (10 if wide else 8)
        if number in meta.items or kind_at + 4 > end or len(meta.items) >= _MAX_ITEMS:
            raise BrokenImageError
        meta.items[number] = _Item(iinf[kind_at : kind_at + 4])


class _Numbers:
    """Reads big-endian numbers of given byte lengths one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def take(self, size: int) -> int:
        if self.at + size > len(self.data):
            raise BrokenImageError
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")


def _read_locations(meta: _Meta, iloc: bytes) -> None:
    version = iloc[0]
    numbers = _Numbers(iloc, 4)
    sizes = numbers.take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    count = numbers.take(4 if version == 2 else 2)
    if version > 2 or count > _MAX_ITEMS:
        raise BrokenImageError
    for _ in range(count):
        number = numbers.take(4 if version == 2 else 2)
        method = numbers.take(2) & 15 if version in (1, 2) else 0
        reference = numbers.take(2)
        base = numbers.take(base_size)
        extents: list[tuple[int, int]] = []
        for _ in range(numbers.take(2)):
            numbers.take(index_size)
            offset = base + numbers.take(offset_size)
            extents.append((offset, numbers.take(length_size)))
        item = meta.items.get(number)
        if item is not None:
            if item.extents or reference or method > 1:
                raise BrokenImageError
            item.method, item.extents = method, extents


def _read_references(meta: _Meta, iref: bytes) -> None:
    width = 4 if iref[0] else 2
    for name, start, _ in _boxes(iref, 4, len(iref)):
        numbers = _Numbers(iref, start)
        source = numbers.take(width)
        targets = [numbers.take(width) for _ in range(numbers.take(2))]
        if len(meta.references) >= _MAX_ITEMS:
            raise BrokenImageError
        meta.references.append((name, source, targets))


def _read_properties(meta: _Meta, iprp: bytes) -> None:
    parts = list(_boxes(iprp, 0, len(iprp)))
    if [name for name, _, _ in parts if name == b"ipco"] != [b"ipco"]:
        raise BrokenImageError
    for name, start, end in parts:
        if name == b"ipco":
            meta.properties = [(n, iprp[s:e]) for n, s, e in _boxes(iprp, start, end)]
    for name, start, end in parts:
        if name != b"ipma":
            continue
        wide_ids, wide_indices = iprp[start] > 0, bool(iprp[start + 3] & 1)
        numbers = _Numbers(iprp[:end], start + 4)
        for _ in range(numbers.take(4)):
            item = meta.items.get(numbers.take(4 if wide_ids else 2))
            for _ in range(numbers.take(1)):
                value = numbers.take(2 if wide_indices else 1)
                top = 0x8000 if wide_indices else 0x80
                if item is not None and value & (top - 1):
                    item.properties.append((value & (top - 1), bool(value & top)))


def _kept_items(meta: _Meta) -> list[int]:
    """The primary item, its alpha plane, and the tiles of both where they are grids."""
    wanted = [meta.primary]
    for name, source, targets in meta.references:
        if name == b"auxl" and targets == [meta.primary] and _is_alpha(meta, source):
            wanted.append(source)
    kept: list[int] = []
    for number in wanted:
        item = meta.items.get(number)
        if item is None or item.kind not in (b"av01", b"grid"):
            raise BrokenImageError("unsupported_image")
        kept.append(number)
        if item.kind == b"grid":
            tiles = [
                t
                for n, s, targets in meta.references
                if (n, s) == (b"dimg", number)
                for t in targets
            ]
            if not tiles or any(
                t not in meta.items or meta.items[t].kind != b"av01" for t in tiles
            ):
                raise BrokenImageError
            kept.extend(tiles)
            # A tile of a grid may have an alpha plane of its own.
            for name, source, targets in meta.references:
                is_tiles = name == b"auxl" and targets and set(targets) <= set(tiles)
                if is_tiles and _is_alpha(meta, source) and meta.items[source].kind == b"av01":
                    kept.append(source)
    return list(dict.fromkeys(kept))


def _is_alpha(meta: _Meta, number: int) -> bool:
    item = meta.items.get(number)
    if item is None:
        return False
    return any(
        name == b"auxC" and content[4:] in _ALPHA_NAMES for name, content in _own(meta, item)
    )


def _own(meta: _Meta, item: _Item) -> list[tuple[bytes, bytes]]:
    if any(index > len(meta.properties) for index, _ in item.properties):
        raise BrokenImageError
    return [meta.properties[index - 1] for index, _ in item.properties]


def _refuse_repeated_bytes(data: bytes, meta: _Meta, kept: list[int]) -> None:
    """Items may point at the same bytes again and again, and so grow a small file without end."""
    total = sum(length for number in kept for _, length in meta.items[number].extents)
    if total > len(data):
        raise BrokenImageError


def _item_bytes(data: bytes, meta: _Meta, number: int) -> bytes:
    item = meta.items[number]
    source = meta.idat if item.method == 1 else data
    pieces = []
    for offset, length in item.extents:
        # A length of zero would mean "to the end", which no writer of AVIF uses.
        stop = offset + length
        if not length or stop > len(source):
            raise BrokenImageError
        pieces.append(source[offset:stop])
    payload = b"".join(pieces)
    if item.kind == b"grid":
        expected = 12 if payload[1] & 1 else 8
        if len(payload) < expected:
            raise BrokenImageError
        return payload[:expected]
    return _picture_units(payload)


def _picture_units(payload: bytes) -> bytes:
    """The AV1 units that make the picture; metadata, padding and unknown ones are left out."""
    kept: list[bytes] = []
    at = 0
    while at < len(payload):
        start = at
        head = payload[at]
        kind = head >> 3 & 15
        at += 2 if head & 4 else 1
        if head & 0x81:
            raise BrokenImageError
        if head & 2:
            size, at = _leb128(payload, at)
        else:
            size = len(payload) - at
        at += size
        if at > len(payload):
            raise BrokenImageError
        if kind in _OBU_KEPT:
            kept.append(payload[start:at])
    if not kept:
        raise BrokenImageError
    return b"".join(kept)


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        value |= (data[at + index] & 0x7F) << 7 * index
        if not data[at + index] & 0x80:
            return value, at + index + 1
    raise BrokenImageError


def _kept_properties(meta: _Meta, kept: list[int]) -> dict[int, bytes]:
    """Old index -> box, for the properties of kept items that define the picture."""
    boxes: dict[int, bytes] = {}
    for number in kept:
        item = meta.items[number]
        _own(meta, item)
        for index, essential in item.properties:
            name, content = meta.properties[index - 1]
            cleaned = _clean_property(name, content)
            if cleaned is not None:
                boxes[index] = _box(name, cleaned)
            elif essential:
                raise BrokenImageError("unsupported_image")
    return boxes


def _clean_property(name: bytes, content: bytes) -> bytes | None:
    length = _PROPERTIES.get(name)
    fits = False
    if length is not None:
        fits = len(content) == length
    elif name == b"pixi":
        fits = content[4] <= 4 and len(content) == 5 + content[4]
    elif name == b"av1C":
        # The optional units behind the four bytes repeat the sequence header, or anything else.
        content = content[:4]
        fits = len(content) == 4
    elif name == b"auxC":
        fits = content[4:] in _ALPHA_NAMES
    elif name == b"colr" and content.startswith(b"nclx"):
        content = content[:11]
        fits = len(content) == 11
    elif name == b"colr" and content.startswith((b"prof", b"rICC")):
        profile = clean_profile(content[4:])
        content = content[:4] + (profile or b"")
        fits = profile is not None
    return content if fits else None


def _size(meta: _Meta) -> tuple[int, int]:
    for name, content in _own(meta, meta.items[meta.primary]):
        if name == b"ispe":
            width, height = struct.unpack(">4x2L", content)
            if width and height:
                return int(width), int(height)
    raise BrokenImageError


def _orientation(meta: _Meta) -> int:
    """irot and imir as the EXIF orientation that shows the same (HEIF: rotate, then mirror)."""
    own = [pair for pair in _own(meta, meta.items[meta.primary]) if pair[0] in _TRANSFORMATIONS]
    if [name for name, _ in own] not in _TRANSFORMATIONS_SHOWN:
        raise BrokenImageError("unsupported_image")
    quarter_turns, mirror = 0, None
    for name, content in own:
        if name == b"irot" and content:
            quarter_turns = content[0] & 3
        elif name == b"imir" and content:
            mirror = content[0] & 1
    if mirror is None:
        return (1, 8, 3, 6)[quarter_turns]
    return ((4, 5, 2, 7), (2, 7, 4, 5))[mirror][quarter_turns]


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">L4s", 8 + len(content), name) + content


def _assemble(
    meta: _Meta, kept: list[int], payloads: dict[int, bytes], properties: dict[int, bytes]
) -> bytes:
    new_numbers = {number: index for index, number in enumerate(kept, start=1)}
    new_indices = {old: index for index, old in enumerate(properties, start=1)}
    infos = b"".join(
        _box(b"infe", struct.pack(">LHH4sx", 2 << 24, new_numbers[n], 0, meta.items[n].kind))
        for n in kept
    )
    references = b""
    for name, source, targets in meta.references:
        if name in (b"auxl", b"dimg", b"prem") and source in new_numbers:
            mapped = [new_numbers[target] for target in targets if target in new_numbers]
            if len(mapped) != len(targets):
                continue
            references += _box(
                name,
                struct.pack(f">{2 + len(mapped)}H", new_numbers[source], len(mapped), *mapped),
            )
    associations = b""
    for number in kept:
        own = [
            (0x8000 if essential else 0) | new_indices[index]
            for index, essential in meta.items[number].properties
            if index in new_indices
        ]
        associations += struct.pack(f">HB{len(own)}H", new_numbers[number], len(own), *own)
    iprp = _box(b"ipco", b"".join(properties.values())) + _box(
        b"ipma", struct.pack(">LL", 1, len(kept)) + associations
    )
    ftyp = _box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf")

    def build(mdat_at: int) -> bytes:
        locations = b""
        for number in kept:
            size = len(payloads[number])
            locations += struct.pack(">3H2L", new_numbers[number], 0, 1, mdat_at, size)
            mdat_at += size
        iloc = struct.pack(">LBBH", 0, 0x44, 0, len(kept)) + locations
        body = (
            _box(b"hdlr", bytes(8) + b"pict" + bytes(13))
            + _box(b"pitm", struct.pack(">LH", 0, 1))
            + _box(b"iloc", iloc)
            + _box(b"iinf", struct.pack(">LH", 0, len(kept)) + infos)
            + (_box(b"iref", bytes(4) + references) if references else b"")
            + _box(b"iprp", iprp)
        )
        return ftyp + _box(b"meta", bytes(4) + body)

    head = build(0)
    mdat = b"".join(payloads[number] for number in kept)
    return build(len(head) + 8) + _box(b"mdat", mdat)
