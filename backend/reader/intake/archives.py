"""From an uploaded zip to its pages: `preflight` in the request, `iter_pages` in the worker.

Preflight reads the zip's directory and inflates nothing; iter_pages inflates each page once, in
reading order, under hard byte budgets.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from common.files.archives.directory import Entry, read_directory
from common.files.archives.entries import MALICIOUS_RATIO, comic_info, inflate
from common.files.archives.rules import (
    REJECT_CODES,
    REJECT_MESSAGES,
    ArchiveLimits,
    ArchiveRejected,
)
from common.files.pictures.images import IMAGE_EXTENSIONS
from common.files.pictures.rules import MIB
from common.files.rejections import show_name

__all__ = [
    "REJECT_CODES",
    "REJECT_MESSAGES",
    "ArchiveLimits",
    "ArchivePlan",
    "ArchiveRejected",
    "PageBytes",
    "PlannedPage",
    "iter_pages",
    "preflight",
    "read_comic_info",
]

_ARCHIVE_EXTENSIONS = frozenset(
    {"zip", "cbz", "rar", "cbr", "7z", "cb7", "tar", "cbt", "tgz", "gz", "bz2", "tbz", "xz"}
    | {"txz", "zst", "lz", "lzma", "lz4", "z", "ace", "cba", "arj", "cab", "epub", "jar", "iso"}
)
_ARCHIVE_MAGIC = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"\x1f\x8b\x08",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"MSCF",
)
_TAR_MAGIC_AT = 257
# Files that systems and programs put into folders by themselves: macOS ("Icon\r" holds a folder's
# icon, "._name" what the file system cannot hold), Windows, KDE, Android, Dropbox, Picasa; then the
# folders of Finder's archives, Synology, QNAP and Android's galleries.
_JUNK_FILES = frozenset(
    {".ds_store", ".localized", "icon\r", "thumbs.db", "ehthumbs.db", "desktop.ini"}
    | {".directory", ".nomedia", ".dropbox", ".dropbox.attr", "picasa.ini", ".picasa.ini"}
)
_JUNK_PREFIX = "._"
_JUNK_FOLDERS = frozenset({"__macosx", "@eadir", ".@__thumb", ".thumbnails"})
_COMIC_INFO = "comicinfo.xml"
_FOLDER_BESIDE = re.compile(r"(\.\./)+((?!\.\./)[^/\\]+/)+")
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")
_NUMBERED = re.compile(r"(.*?)([0-9]+)", re.DOTALL)
_SPACES = re.compile(r"\s+")
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """A page of the plan. `number` is 1..N, or 0 for a cover; `name` is only for showing."""

    number: int
    name: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class ArchivePlan:
    """The outcome of preflight: the pages in reading order and the sum of their declared bytes."""

    pages: tuple[PlannedPage, ...]
    declared_bytes: int
    comic_info: Entry | None


@dataclass(frozen=True, slots=True)
class PageBytes:
    """One page as it was in the zip, inflated and checked against its checksum."""

    number: int
    name: str
    data: bytes


def preflight(file: BinaryIO, limits: ArchiveLimits | None = None) -> ArchivePlan:
    """Check all that the zip's directory tells, and return the plan; raises ArchiveRejected."""
    limits = limits or ArchiveLimits()
    files: list[tuple[tuple[str, ...], Entry]] = []
    entries = read_directory(file, limits)
    _refuse_folder_beside(entries)
    for entry in entries:
        parts = _inner_path(entry)
        if _is_junk(parts):
            continue
        _check_kind(entry)
        if _holds_something(entry, parts):
            _refuse_control_characters(entry)
            files.append((parts, entry))
    _refuse_full_paths(files)
    _refuse_same_names(files)
    comic_info = next((entry for parts, entry in files if _is_comic_info(parts)), None)
    candidates = [(parts, entry) for parts, entry in files if not _is_comic_info(parts)]
    for parts, entry in candidates:
        _check_extension(parts[-1], entry)
    if not candidates:
        raise ArchiveRejected("nothing_inside")
    _check_layout(candidates)
    _check_sizes([entry for _, entry in candidates], limits)
    pages = _number_pages(candidates)
    count = sum(1 for page in pages if page.number)
    if count > limits.max_pages:
        raise ArchiveRejected("too_many_pages", count=count, max=limits.max_pages)
    return ArchivePlan(tuple(pages), sum(p.entry.declared_bytes for p in pages), comic_info)


def iter_pages(
    file: BinaryIO, plan: ArchivePlan, limits: ArchiveLimits | None = None, *, skip: int = 0
) -> Iterator[PageBytes]:
    """Yield the inflated pages in reading order; only one page is in memory at a time.

    `plan` is the plan of the same file. Raises ArchiveRejected where the directory lied. The first
    `skip` pages were inflated before: they count for the limit and are not inflated again.
    """
    limits = limits or ArchiveLimits()
    done = sum(page.entry.declared_bytes for page in plan.pages[:skip])
    left = limits.max_inflated_bytes - done
    for page in plan.pages[skip:]:
        if page.entry.declared_bytes > left:
            raise ArchiveRejected(
                "inflated_too_large", max_megabytes=limits.max_inflated_bytes // MIB
            )
        inflated = inflate(file, page.entry, limits.max_picture_bytes)
        left -= len(inflated)
        if _is_archive(inflated):
            raise ArchiveRejected("archive_inside", name=show_name(page.name))
        yield PageBytes(page.number, page.name, inflated)
        # Without this the previous page would stay in memory while the next one is inflated.
        del inflated


def read_comic_info(file: BinaryIO, plan: ArchivePlan) -> dict[str, str]:
    """Return what the archive's ComicInfo.xml says; see `comic_info`."""
    return {} if plan.comic_info is None else comic_info(file, plan.comic_info)


def _inner_path(entry: Entry) -> tuple[str, ...]:
    """Return the parts of a name, split at both kinds of slash, as old Windows programs wrote
    backslashes; no parts for names such as "/" or "./"."""
    parts = entry.name.replace("\\", "/").split("/")
    # The raw bytes too: in Shift-JIS a backslash byte can be half of a letter, and then two dots
    # behind it are no attack.
    if ".." in parts or b".." in re.split(rb"[/\\]", entry.raw_name):
        raise ArchiveRejected("escaping_path", malicious=".." in parts, name=show_name(entry.name))
    return tuple(part for part in parts if part not in ("", "."))


def _refuse_folder_beside(entries: list[Entry]) -> None:
    """Refuse the archive of `zip -r out.zip ../chapter` as an honest mistake: it begins with the
    folder's own entry, and then holds only pages in it. Other paths upwards are malicious."""
    top = entries[0].name if entries else ""
    if not _FOLDER_BESIDE.fullmatch(top):
        return
    pages = []
    for entry in entries[1:]:
        inner = entry.name.removeprefix(top)
        parts = tuple(re.split(r"[/\\]", inner))
        if inner == entry.name or ".." in parts or entry.is_symlink or entry.is_special:
            return
        is_empty_folder = entry.is_folder and not entry.declared_bytes
        if is_empty_folder or _is_junk(parts) or _is_comic_info(parts):
            continue
        if _extension(parts[-1]) not in IMAGE_EXTENSIONS:
            return
        pages.append(entry)
    if pages:
        raise ArchiveRejected("full_path", name=show_name(pages[0].name))


def _is_junk(parts: tuple[str, ...]) -> bool:
    lower = [part.casefold() for part in parts]
    return bool(lower) and (
        lower[-1] in _JUNK_FILES
        or lower[-1].startswith(_JUNK_PREFIX)
        or not _JUNK_FOLDERS.isdisjoint(lower)
    )


def _holds_something(entry: Entry, parts: tuple[str, ...]) -> bool:
    """Return False for folders, and for entries without bytes and a name: Dropbox writes "/" for
    the folder itself, other programs "//", "./" or an absolute folder beside its pages."""
    if not entry.declared_bytes and (entry.is_folder or not parts):
        return False
    if entry.is_folder:
        raise ArchiveRejected("damaged_entry", name=show_name(entry.name))
    if not parts:
        raise ArchiveRejected("unusable_name", name=show_name(entry.name))
    return True


def _refuse_control_characters(entry: Entry) -> None:
    if any(unicodedata.category(character) == "Cc" for character in entry.name):
        raise ArchiveRejected("unusable_name", name=show_name(entry.name))


def _refuse_full_paths(files: list[tuple[tuple[str, ...], Entry]]) -> None:
    """Refuse names that begin at the root of a disk. File managers of Android, 7-Zip and WinRAR can
    store pages that way; for other files the name was written by hand and is malicious."""
    absolute = [(parts, entry) for parts, entry in files if _ABSOLUTE.match(entry.name)]
    for parts, entry in absolute:
        if _is_comic_info(parts) or _extension(parts[-1]) in IMAGE_EXTENSIONS:
            raise ArchiveRejected("full_path", name=show_name(entry.name))
    for _, entry in absolute:
        raise ArchiveRejected("escaping_path", malicious=True, name=show_name(entry.name))


def _is_comic_info(parts: tuple[str, ...]) -> bool:
    return len(parts) <= 2 and parts[-1].casefold() == _COMIC_INFO


def _check_kind(entry: Entry) -> None:
    if entry.is_symlink:
        raise ArchiveRejected("symbolic_link", malicious=True, name=show_name(entry.name))
    if entry.is_special:
        raise ArchiveRejected("device_or_pipe", malicious=True, name=show_name(entry.name))


def _refuse_same_names(files: list[tuple[tuple[str, ...], Entry]]) -> None:
    """Refuse names that some file system takes for the same, despite case or Unicode form."""
    seen: set[str] = set()
    for parts, entry in files:
        key = unicodedata.normalize("NFKC", "/".join(parts).casefold())
        if key in seen:
            raise ArchiveRejected("same_name_twice", name=show_name(entry.name))
        seen.add(key)


def _extension(file_name: str) -> str:
    return file_name.rpartition(".")[2].lower() if "." in file_name else ""


def _check_extension(file_name: str, entry: Entry) -> None:
    extension = _extension(file_name)
    if extension in _ARCHIVE_EXTENSIONS:
        raise ArchiveRejected("archive_inside", name=show_name(entry.name))
    if extension not in IMAGE_EXTENSIONS:
        raise ArchiveRejected("not_an_image", name=show_name(entry.name))
    if not entry.declared_bytes:
        raise ArchiveRejected("empty_file", name=show_name(entry.name))


def _check_layout(files: list[tuple[tuple[str, ...], Entry]]) -> None:
    first_parts, first = files[0]
    for parts, entry in files:
        if len(parts) > 2:
            raise ArchiveRejected("nested_folders", name=show_name(entry.name))
        if parts[:-1] != first_parts[:-1]:
            raise ArchiveRejected(
                "several_folders", first=show_name(first.name), second=show_name(entry.name)
            )


def _check_sizes(entries: list[Entry], limits: ArchiveLimits) -> None:
    for entry in entries:
        if entry.declared_bytes > limits.max_picture_bytes:
            if entry.declared_bytes > entry.compressed_bytes * MALICIOUS_RATIO:
                raise ArchiveRejected(
                    "inflates_too_far", malicious=True, name=show_name(entry.name)
                )
            raise ArchiveRejected(
                "page_too_large",
                name=show_name(entry.name),
                max_megabytes=limits.max_picture_bytes // MIB,
            )
    total = sum(entry.declared_bytes for entry in entries)
    if total > limits.max_inflated_bytes:
        if total > sum(entry.compressed_bytes for entry in entries) * MALICIOUS_RATIO:
            raise ArchiveRejected("archive_inflates_too_far", malicious=True)
        raise ArchiveRejected("inflated_too_large", max_megabytes=limits.max_inflated_bytes // MIB)


def _number_pages(files: list[tuple[tuple[str, ...], Entry]]) -> list[PlannedPage]:
    """Read the page numbers in the names, and return the pages in order; refuse gaps."""
    by_number: dict[int, Entry] = {}
    first: tuple[str, Entry] | None = None
    for parts, entry in files:
        shown = show_name(entry.name)
        match = _NUMBERED.fullmatch(parts[-1].rpartition(".")[0])
        if match is None or match[1][-1:].isdigit():
            raise ArchiveRejected("no_page_number", name=shown)
        prefix = _comparable_prefix(match[1])
        if first is None:
            first = prefix, entry
        if prefix != first[0]:
            raise ArchiveRejected("several_prefixes", first=show_name(first[1].name), second=shown)
        if len(match[2].lstrip("0")) > _MAX_DIGITS:
            raise ArchiveRejected("number_too_big", name=shown)
        number = int(match[2])
        if number in by_number:
            other = show_name(by_number[number].name)
            raise ArchiveRejected("same_number_twice", first=other, second=shown, page=number)
        by_number[number] = entry
    last = len(by_number) - (0 in by_number)
    for number in range(1, max(last, 1) + 1):
        if number not in by_number:
            raise ArchiveRejected("missing_page", page=number)
    return [PlannedPage(n, by_number[n].name, by_number[n]) for n in sorted(by_number)]


def _comparable_prefix(prefix: str) -> str:
    """Return the prefix as it looks: a no-break or wide space is a space, and characters without
    width (joiners, marks of direction) are left out."""
    visible = "".join(c for c in prefix if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", _SPACES.sub(" ", visible).casefold())


def _is_archive(head: bytes) -> bool:
    return head.startswith(_ARCHIVE_MAGIC) or head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar"
