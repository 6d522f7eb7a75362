"""Reads single files of a zip whose directory has been read (`directory`)."""

import zlib
from typing import BinaryIO
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from common.files.archives.directory import STORED, Entry
from common.files.archives.rules import ArchiveRejected
from common.files.pictures.rules import MIB
from common.files.rejections import show_name

# Deflate reaches 1,032 at most, so that a higher ratio does not come about by chance.
MALICIOUS_RATIO = 1_000
_INPUT_CHUNK_BYTES = 256 * 1024
_COMIC_INFO_MAX_BYTES = 256 * 1024
_COMIC_INFO_MAX_VALUE = 4_000


def comic_info(file: BinaryIO, entry: Entry) -> dict[str, str]:
    """Return the plain text elements of a ComicInfo.xml by name (Title, Series, ...).

    It is empty for a file that is broken or hostile; elements that are too long are ignored.
    Format: https://anansi-project.github.io
    """
    if entry.declared_bytes > _COMIC_INFO_MAX_BYTES:
        return {}
    try:
        root = ElementTree.fromstring(inflate(file, entry, _COMIC_INFO_MAX_BYTES), forbid_dtd=True)
    except (ArchiveRejected, ParseError, DefusedXmlException, ValueError, LookupError):
        return {}
    found: dict[str, str] = {}
    for element in root:
        text = (element.text or "").strip()
        if isinstance(element.tag, str) and text and len(text) <= _COMIC_INFO_MAX_VALUE:
            found.setdefault(element.tag, text)
    return found


def inflate(file: BinaryIO, entry: Entry, max_bytes: int) -> bytes:
    """Return the entry's bytes, whose number and checksum must be as declared."""
    file.seek(entry.data_offset)
    if entry.method == STORED:
        inflated = file.read(entry.declared_bytes)
        if len(inflated) != entry.declared_bytes:
            raise ArchiveRejected("damaged_entry", name=show_name(entry.name))
    else:
        inflated = _inflate_deflated(file, entry, max_bytes)
    if zlib.crc32(inflated) != entry.crc32:
        raise ArchiveRejected("damaged_entry", name=show_name(entry.name))
    return inflated


def _inflate_deflated(file: BinaryIO, entry: Entry, max_bytes: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces: list[bytes] = []
    room = entry.declared_bytes
    unread = entry.compressed_bytes
    shown = show_name(entry.name)
    while unread and not inflater.eof:
        compressed = file.read(min(unread, _INPUT_CHUNK_BYTES))
        unread -= len(compressed)
        if not compressed:
            raise ArchiveRejected("damaged_entry", name=shown)
        try:
            piece = inflater.decompress(compressed, room + 1)
            if len(piece) > room:
                _refuse_size_lie(inflater, entry, entry.compressed_bytes - unread, max_bytes)
        except zlib.error:
            raise ArchiveRejected("damaged_entry", name=shown) from None
        pieces.append(piece)
        room -= len(piece)
    if not inflater.eof or inflater.unused_data or unread or room:
        raise ArchiveRejected("size_lie", name=shown)
    return b"".join(pieces)


def _refuse_size_lie(
    inflater: "zlib._Decompress", entry: Entry, fed_bytes: int, max_bytes: int
) -> None:
    """Refuse an entry that inflates to more than declared, as a wrong size or as a bomb.

    To tell these apart it inflates the bytes that were fed to their end, and keeps nothing.
    """
    produced = entry.declared_bytes + 1
    while inflater.unconsumed_tail and produced <= max_bytes:
        produced += len(inflater.decompress(inflater.unconsumed_tail, MIB))
    if produced > max_bytes:
        consumed = fed_bytes - len(inflater.unconsumed_tail)
        raise ArchiveRejected(
            "inflates_too_far",
            malicious=produced > max(consumed, 1) * MALICIOUS_RATIO,
            name=show_name(entry.name),
        )
    raise ArchiveRejected("size_lie", name=show_name(entry.name))
