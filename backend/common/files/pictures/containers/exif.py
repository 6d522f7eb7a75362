"""EXIF reduced to the one value that changes how a picture shows: its orientation.

Layout: TIFF 6.0, section 2; tag 0x0112 of the first directory.
"""

import struct

_ORIENTATION = 0x0112
_SHORT = 3


def read_orientation(tiff: bytes) -> int:
    """The orientation 1..8; 1 where there is none or the block is broken."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(bytes(tiff[:4]))
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "L", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for index in range(count):
            at = directory + 2 + 12 * index
            tag, kind, values = struct.unpack_from(order + "HHL", tiff, at)
            if tag == _ORIENTATION and kind == _SHORT and values == 1:
                (orientation,) = struct.unpack_from(order + "H", tiff, at + 8)
                return int(orientation) if 1 <= orientation <= 8 else 1
    except struct.error:
        return 1
    return 1


def build_exif(orientation: int) -> bytes:
    """A TIFF block that holds nothing but the orientation."""
    header = b"MM\x00*" + struct.pack(">L", 8)
    entry = struct.pack(">HHLHH", _ORIENTATION, _SHORT, 1, orientation, 0)
    return header + struct.pack(">H", 1) + entry + struct.pack(">L", 0)
