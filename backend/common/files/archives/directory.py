"""Reads the structure of a zip: its end record, its directory and the headers before each file.

It is not read by `zipfile`, which trusts the directory, reads it whole whatever its size and
accepts what other programs would read differently. Everything ambiguous is refused.
Format: PKWARE APPNOTE 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from common.files.archives.rules import ArchiveLimits, ArchiveRejected
from common.files.pictures.rules import MIB
from common.files.rejections import show_name

STORED = 0
DEFLATED = 8

_END = struct.Struct("<4s4H2LH")
_LOCATOR64 = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")

_LOCAL_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
_MAX_16 = 0xFFFF
_MAX_32 = 0xFFFFFFFF
_MAX_NAME_BYTES = 1024
# An entry is 46 bytes, its name, extras and comment; 1 KB each is ample on average.
_DIRECTORY_BYTES_PER_ENTRY = 1024

_FLAG_ENCRYPTED = 0x0001
_FLAG_DESCRIPTOR = 0x0008
_FLAG_PATCH = 0x0020
_FLAG_STRONG_ENCRYPTION = 0x0040
_FLAG_UTF8 = 0x0800
_FLAG_MASKED_HEADERS = 0x2000
_METHOD_AES = 99
_EXTRA_ZIP64 = 0x0001
_EXTRA_STRONG_ENCRYPTION = 0x0017
_EXTRA_AES = 0x9901
# Russian has no capital after a small letter, and no two scripts in one word.
_NOT_RUSSIAN = re.compile("[а-яё][А-ЯЁ]|[A-Za-z][А-Яа-яЁё]|[А-Яа-яЁё][A-Za-z]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive as its directory declares it, checked against its local header."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc32: int
    compressed_bytes: int
    declared_bytes: int
    header_offset: int
    external_attributes: int
    data_offset: int = 0

    @property
    def is_folder(self) -> bool:
        return self.raw_name.endswith((b"/", b"\\")) or stat.S_ISDIR(self._unix_mode)

    @property
    def is_symlink(self) -> bool:
        # The reparse points of Windows do not count: every file in a OneDrive folder is one.
        return stat.S_ISLNK(self._unix_mode)

    @property
    def is_special(self) -> bool:
        kind = stat.S_IFMT(self._unix_mode)
        return kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)

    @property
    def _unix_mode(self) -> int:
        # Read whatever system the entry claims to come from: the sender writes that byte too.
        return self.external_attributes >> 16


@dataclass(frozen=True, slots=True)
class _End:
    directory_offset: int
    directory_bytes: int
    entry_count: int


def read_directory(file: BinaryIO, limits: ArchiveLimits) -> list[Entry]:
    """Return all entries in the directory's order; raises ArchiveRejected.

    Nothing is inflated: it reads at most the end, the directory (bounded by `limits.max_entries`)
    and the local headers, which must agree with it.
    """
    file_bytes = file.seek(0, os.SEEK_END)
    if file_bytes > limits.max_archive_bytes:
        raise ArchiveRejected("archive_too_large", max_megabytes=limits.max_archive_bytes // MIB)
    end = _find_end(file, file_bytes)
    too_long = end.directory_bytes > limits.max_entries * _DIRECTORY_BYTES_PER_ENTRY
    if end.entry_count > limits.max_entries or too_long:
        raise ArchiveRejected("too_many_entries", max=limits.max_entries)
    directory = _read_at(file, end.directory_offset, end.directory_bytes)
    entries = list(_parse_directory(directory, limits))
    if len(entries) != end.entry_count:
        raise ArchiveRejected("broken_directory")
    return _locate(file, entries, end.directory_offset)


def _read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    found = file.read(count)
    if len(found) != count:
        raise ArchiveRejected("broken_directory")
    return found


def _find_end(file: BinaryIO, file_bytes: int) -> _End:
    """Return the end record whose comment reaches exactly to the end of the file."""
    tail_bytes = min(file_bytes, _END.size + _MAX_16)
    tail = _read_at(file, file_bytes - tail_bytes, tail_bytes)
    starts_as_zip = _read_at(file, 0, min(4, file_bytes)) in (_LOCAL_SIGNATURE, b"PK\x05\x06")
    ends = [at for at in _find_all(tail, b"PK\x05\x06") if len(tail) - at >= _END.size]
    fitting = [at for at in ends if at + _END.size + _END.unpack_from(tail, at)[-1] == len(tail)]
    if not ends:
        raise ArchiveRejected("cut_short" if starts_as_zip else "not_zip")
    if not fitting:
        raise ArchiveRejected("trailing_data" if starts_as_zip else "not_zip")
    if len(fitting) > 1:
        # An end record inside another's comment: programs disagree about which one counts.
        raise ArchiveRejected("broken_directory")
    at = fitting[0]
    _, disk, first_disk, here, count, size, offset, _ = _END.unpack_from(tail, at)
    end_offset = file_bytes - tail_bytes + at
    end, boundary = _End(offset, size, count), end_offset
    locator = tail[max(at - _LOCATOR64.size, 0) : at]
    if len(locator) == _LOCATOR64.size and locator.startswith(b"PK\x06\x07"):
        end, boundary = _read_end64(file, locator, end_offset - _LOCATOR64.size, end)
    elif disk or first_disk or here != count:
        raise ArchiveRejected("split_zip")
    if end.directory_offset + end.directory_bytes != boundary or not starts_as_zip:
        shifted = end.directory_offset + end.directory_bytes < boundary
        raise ArchiveRejected(
            "prefixed_zip" if shifted or not starts_as_zip else "broken_directory"
        )
    return end


def _find_all(haystack: bytes, needle: bytes) -> Iterator[int]:
    at = haystack.find(needle)
    while at >= 0:
        yield at
        at = haystack.find(needle, at + 1)


def _read_end64(
    file: BinaryIO, locator: bytes, locator_offset: int, short: _End
) -> tuple[_End, int]:
    """Return the zip64 end record, which must stand directly before its locator, and its offset."""
    _, end_disk, end_offset, disks = _LOCATOR64.unpack(locator)
    if end_disk or disks > 1:
        raise ArchiveRejected("split_zip")
    if end_offset + _END64.size > locator_offset:
        raise ArchiveRejected("prefixed_zip")
    record = _END64.unpack(_read_at(file, end_offset, _END64.size))
    signature, record_bytes, _, _, disk, first_disk, here, count, size, offset = record
    if signature != b"PK\x06\x06" or end_offset + 12 + record_bytes != locator_offset:
        raise ArchiveRejected("broken_directory")
    if disk or first_disk or here != count:
        raise ArchiveRejected("split_zip")
    pairs = (
        (short.entry_count, count, _MAX_16),
        (short.directory_bytes, size, _MAX_32),
        (short.directory_offset, offset, _MAX_32),
    )
    if any(old not in (new, saturated) for old, new, saturated in pairs):
        raise ArchiveRejected("broken_directory")
    return _End(offset, size, count), end_offset


def _parse_directory(directory: bytes, limits: ArchiveLimits) -> Iterator[Entry]:
    at = 0
    found = 0
    while at < len(directory):
        found += 1
        if found > limits.max_entries:
            raise ArchiveRejected("too_many_entries", max=limits.max_entries)
        if len(directory) - at < _CENTRAL.size:
            raise ArchiveRejected("broken_directory")
        record = _CENTRAL.unpack_from(directory, at)
        name_at = at + _CENTRAL.size
        name_bytes, extra_bytes, comment_bytes = record[10:13]
        extra_at = name_at + name_bytes
        at = extra_at + extra_bytes + comment_bytes
        if record[0] != b"PK\x01\x02" or at > len(directory):
            raise ArchiveRejected("broken_directory")
        yield _make_entry(
            record, directory[name_at:extra_at], directory[extra_at : extra_at + extra_bytes]
        )


def _make_entry(record: tuple[Any, ...], raw_name: bytes, extra: bytes) -> Entry:
    _, _, _, flags, method, _, _, crc32, compressed, declared = record[:10]
    disk, _, attributes, offset = record[13:]
    name = decode_name(raw_name, is_utf8=bool(flags & _FLAG_UTF8))
    shown = show_name(name)
    if len(raw_name) > _MAX_NAME_BYTES:
        raise ArchiveRejected("unusable_name", name=shown)
    fields = dict(_extra_fields(extra))
    masked = flags & (_FLAG_ENCRYPTED | _FLAG_STRONG_ENCRYPTION | _FLAG_MASKED_HEADERS)
    secret = _EXTRA_AES in fields or _EXTRA_STRONG_ENCRYPTION in fields
    if masked or secret or method == _METHOD_AES:
        raise ArchiveRejected("encrypted_entry", name=shown)
    if method not in (STORED, DEFLATED) or flags & _FLAG_PATCH:
        raise ArchiveRejected("odd_compression", name=shown)
    wide = _wide_values(
        fields.get(_EXTRA_ZIP64, b""),
        (
            (declared, _MAX_32, 8),
            (compressed, _MAX_32, 8),
            (offset, _MAX_32, 8),
            (disk, _MAX_16, 4),
        ),
    )
    declared, compressed, offset, disk = wide
    if disk:
        raise ArchiveRejected("split_zip")
    return Entry(name, raw_name, flags, method, crc32, compressed, declared, offset, attributes)


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    # Fewer than four bytes at the end are padding, as zipalign writes it.
    while len(extra) - at >= 4:
        kind, size = struct.unpack_from("<2H", extra, at)
        at += 4 + size
        if at > len(extra):
            raise ArchiveRejected("broken_directory")
        yield kind, extra[at - size : at]


def _wide_values(field: bytes, values: tuple[tuple[int, int, int], ...]) -> list[int]:
    """Return each value, or, where it is saturated, its wider one from the zip64 field."""
    at = 0
    wide = []
    for value, saturated, size in values:
        if value != saturated or not field:
            wide.append(value)
            continue
        if at + size > len(field):
            raise ArchiveRejected("broken_directory")
        wide.append(int.from_bytes(field[at : at + size], "little"))
        at += size
    return wide


def _locate(file: BinaryIO, entries: list[Entry], directory_offset: int) -> list[Entry]:
    """Return the entries with their data offsets; refuse other local headers and overlaps."""
    located: dict[int, Entry] = {}
    boundary = directory_offset
    for entry in sorted(entries, key=lambda entry: entry.header_offset, reverse=True):
        if entry.header_offset + _LOCAL.size > directory_offset:
            raise ArchiveRejected("broken_directory")
        if entry.header_offset in located:
            raise ArchiveRejected("overlapping_entries", malicious=True)
        data_offset = _check_local_header(file, entry)
        data_end = data_offset + entry.compressed_bytes
        if data_end > boundary:
            if boundary == directory_offset:
                raise ArchiveRejected("header_mismatch", name=show_name(entry.name))
            raise ArchiveRejected("overlapping_entries", malicious=True)
        if entry.flags & _FLAG_DESCRIPTOR:
            _check_descriptor(file, entry, data_end, boundary - data_end)
        boundary = entry.header_offset
        located[entry.header_offset] = _with_data_offset(entry, data_offset)
    return [located[entry.header_offset] for entry in entries]


def _with_data_offset(entry: Entry, data_offset: int) -> Entry:
    return Entry(
        entry.name,
        entry.raw_name,
        entry.flags,
        entry.method,
        entry.crc32,
        entry.compressed_bytes,
        entry.declared_bytes,
        entry.header_offset,
        entry.external_attributes,
        data_offset,
    )


def _check_local_header(file: BinaryIO, entry: Entry) -> int:
    """Compare a local header with the directory; return the offset of the data behind it."""
    mismatch = ArchiveRejected("header_mismatch", name=show_name(entry.name))
    head = _read_at(file, entry.header_offset, _LOCAL.size)
    record = _LOCAL.unpack(head)
    signature, _, flags, method, _, _, crc32, compressed, declared, name_bytes, extra_bytes = record
    if signature != _LOCAL_SIGNATURE or name_bytes != len(entry.raw_name):
        raise mismatch
    behind = file.read(name_bytes + extra_bytes)
    if len(behind) != name_bytes + extra_bytes or behind[:name_bytes] != entry.raw_name:
        raise mismatch
    # Some writers set the UTF-8 flag only in one of the two; the name's bytes are equal anyway.
    if (flags ^ entry.flags) & ~_FLAG_UTF8 or method != entry.method:
        raise mismatch
    extra = dict(_extra_fields(behind[name_bytes:]))
    declared, compressed = _wide_values(
        extra.get(_EXTRA_ZIP64, b""), ((declared, _MAX_32, 8), (compressed, _MAX_32, 8))
    )
    found = (crc32, compressed, declared)
    expected = (entry.crc32, entry.compressed_bytes, entry.declared_bytes)
    if flags & _FLAG_DESCRIPTOR:
        pairs = zip(found, expected, strict=True)
        if any(here not in (0, _MAX_32, there) for here, there in pairs):
            raise mismatch
    elif found != expected:
        raise mismatch
    if entry.method == STORED and entry.compressed_bytes != entry.declared_bytes:
        raise ArchiveRejected("size_lie", name=show_name(entry.name))
    return entry.header_offset + _LOCAL.size + len(behind)


def _check_descriptor(file: BinaryIO, entry: Entry, offset: int, room: int) -> None:
    """Refuse an entry without a valid descriptor behind its data.

    It repeats checksum and sizes, with or without its signature, in 32 or 64 bits.
    """
    file.seek(offset)
    found = file.read(min(24, room))
    sizes = (entry.crc32, entry.compressed_bytes, entry.declared_bytes)
    forms = [struct.pack("<L2Q", *sizes)]
    if max(sizes) <= _MAX_32:
        forms.append(struct.pack("<3L", *sizes))
    if found.removeprefix(_DESCRIPTOR_SIGNATURE).startswith(tuple(forms)):
        return
    if found.startswith(tuple(forms)):
        return
    raise ArchiveRejected("header_mismatch", name=show_name(entry.name))


def decode_name(raw: bytes, *, is_utf8: bool) -> str:
    """Return a name as text, for showing.

    Old programs wrote the code page of their system and did not say which: we try UTF-8, then
    choose between Russian DOS (cp866) and Shift-JIS.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if is_utf8:
            return raw.decode("utf-8", "replace")
    russian = raw.decode("cp866")
    try:
        japanese = raw.decode("cp932")
    except UnicodeDecodeError:
        return russian
    # In cp866 0x80-0xAF and 0xE0-0xF7 are letters, and the rest of the upper half draws boxes,
    # which no name holds; 0xA0, the most frequent letter, is not used in Shift-JIS.
    is_letters = all(byte <= 0xAF or 0xE0 <= byte <= 0xF7 for byte in raw)
    if 0xA0 in raw or (is_letters and not _NOT_RUSSIAN.search(russian)):
        return russian
    return japanese
