"""ICC profiles rebuilt from the tags that define colour; texts, dates and makers are left out.

A monitor's or printer's profile can name its owner. Layout: ICC.1:2022, section 7.
"""

import struct

MAX_PROFILE_BYTES = 1024 * 1024
_HEADER_BYTES = 128
_MAX_TAGS = 100
_COLOUR_SPACES = frozenset({b"RGB ", b"GRAY", b"CMYK"})
_CONNECTION_SPACES = frozenset({b"XYZ ", b"Lab "})
_COLOUR_TAGS = frozenset(
    {b"wtpt", b"bkpt", b"chad", b"lumi", b"gamt", b"cicp"}
    | {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC"}
    | {b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2"}
    | {b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"B2D0", b"B2D1", b"B2D2", b"B2D3"}
)


def clean_profile(profile: bytes) -> bytes | None:
    """The same colours without anything else, or None where it does not parse or is too big."""
    if not _HEADER_BYTES + 4 <= len(profile) <= MAX_PROFILE_BYTES:
        return None
    tags = _colour_tags(profile)
    return _build(profile, [*_texts(profile[8]), *tags]) if tags else None


def _colour_tags(profile: bytes) -> list[tuple[bytes, bytes]]:
    """The tags that define colour with their contents; none where the profile does not parse."""
    (size,) = struct.unpack_from(">L", profile)
    (tag_count,) = struct.unpack_from(">L", profile, 128)
    space, connection = profile[16:20], profile[20:24]
    if profile[36:40] != b"acsp" or size > len(profile) or not 0 < tag_count <= _MAX_TAGS:
        return []
    if space not in _COLOUR_SPACES or connection not in _CONNECTION_SPACES:
        return []
    table_end = _HEADER_BYTES + 4 + 12 * tag_count
    if table_end > size:
        return []
    tags: list[tuple[bytes, bytes]] = []
    for index in range(tag_count):
        name, offset, length = struct.unpack_from(">4s2L", profile, 132 + 12 * index)
        if offset < table_end or length < 8 or offset + length > size:
            return []
        if name in _COLOUR_TAGS:
            tags.append((name, profile[offset : offset + length]))
    # Tags may share bytes, but must not multiply them.
    return tags if sum(len(value) for _, value in tags) <= MAX_PROFILE_BYTES else []


def _texts(major_version: int) -> list[tuple[bytes, bytes]]:
    """The two texts that every profile must have, saying nothing."""
    if major_version >= 4:
        nothing = b"mluc" + struct.pack(">5L", 0, 1, 12, 0x656E5553, 2) + struct.pack(">L", 28)
        text = nothing + "-".encode("utf-16-be")
        return [(b"desc", text), (b"cprt", text)]
    description = b"desc" + struct.pack(">2L", 0, 2) + b"-\x00" + bytes(4 + 4 + 2 + 1 + 67)
    return [(b"desc", description), (b"cprt", b"text" + bytes(4) + b"-\x00")]


def _build(profile: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    table = [struct.pack(">L", len(tags))]
    body: list[bytes] = []
    placed: dict[bytes, int] = {}
    at = _HEADER_BYTES + 4 + 12 * len(tags)
    for name, value in tags:
        if value not in placed:
            placed[value] = at
            body.append(value + bytes(-len(value) % 4))
            at += len(body[-1])
        table.append(struct.pack(">4s2L", name, placed[value], len(value)))
    # Kept of the header: version, class, colour spaces, signature, rendering intent, illuminant.
    # Gone: preferred program, date, platform, device maker and model, creator, checksum.
    header = (
        struct.pack(">L", at)
        + bytes(4)
        + profile[8:24]
        + struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
        + b"acsp"
        + bytes(24)
        + profile[64:80]
        + bytes(48)
    )
    return header + b"".join(table) + b"".join(body)
