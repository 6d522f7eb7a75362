"""An archive of the operator's own: folders of series with chapters as CBZ or zip.

It works without the internet. Ids are hashes of names, so that no id can lead out of the folder.
"""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.files.archives.directory import Entry, decode_name, read_directory
from common.files.archives.entries import comic_info, inflate
from common.files.archives.rules import ArchiveLimits, ArchiveRejected
from common.files.pictures.images import IMAGE_EXTENSIONS
from common.names import fold_text, order_key
from sources.cleaning import (
    MAX_PERSON_CHARS,
    clean_count,
    clean_language,
    clean_name,
    clean_number,
    clean_text,
    clean_url,
    clean_words,
    clean_year,
)
from sources.contract import (
    Can,
    Client,
    CreditRole,
    FoundChapter,
    FoundCredit,
    FoundImage,
    FoundTitle,
    Gone,
    Kind,
    Rating,
    Source,
    SourceFailed,
    Unreadable,
)
from sources.plugins.folder.chapter_names import guess_chapter, guess_language
from sources.plugins.folder.places import STORAGE_ERRORS, Place, open_place

_RATINGS = {
    "everyone": Rating.SAFE,
    "everyone 10+": Rating.SAFE,
    "g": Rating.SAFE,
    "pg": Rating.SAFE,
    "teen": Rating.SAFE,
    "kids to adults": Rating.SAFE,
    "ma15+": Rating.SUGGESTIVE,
    "m": Rating.SUGGESTIVE,
    "mature 17+": Rating.SUGGESTIVE,
    "r18+": Rating.EROTICA,
    "adults only 18+": Rating.PORNOGRAPHIC,
    "x18+": Rating.PORNOGRAPHIC,
}
_ROLES = {
    "Writer": CreditRole.AUTHOR,
    "Penciller": CreditRole.ARTIST,
    "Inker": CreditRole.ARTIST,
    "Translator": CreditRole.TRANSLATOR,
}
_JUNK = frozenset({"__macosx", "@eadir"})
_DIGITS = re.compile(r"([0-9]+)")
_MAX_RESULTS = 20


@dataclass(frozen=True, slots=True)
class _Opened:
    """An open archive with its pages in reading order."""

    chapter_id: str
    file: BinaryIO
    pages: Sequence[Entry]
    info: Mapping[str, str]


class Folder(Source):
    """What lies in SOURCE_FOLDER. Names tell most; ComicInfo.xml of a first chapter the rest."""

    name = "folder"
    label = gettext_lazy("Own archive")
    site_url = ""
    kinds = frozenset({Kind.MANGA, Kind.MANHWA, Kind.MANHUA, Kind.COMIC})
    can = frozenset({Can.SEARCH, Can.DETAILS, Can.CHAPTERS})
    addresses: ClassVar[Mapping[str, str]] = {"SOURCE_FOLDER": ""}

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._opened: _Opened | None = None

    def search(
        self, query: str, *, kind: Kind | None = None, adult: bool = False
    ) -> list[FoundTitle]:
        """See Source. It knows names only: neither kinds nor ratings."""
        words = fold_text(query).split()
        if not words or (kind is not None and kind not in self.kinds):
            return []
        names = [(_shown(name), name) for name in self._list_series()]
        found = [pair for pair in names if all(word in fold_text(pair[0]) for word in words)]
        found.sort(
            key=lambda pair: (not fold_text(pair[0]).startswith(words[0]), order_key(pair[0]))
        )
        return [
            FoundTitle(id=_hash(name), kind=kind or Kind.MANGA, name=shown)
            for shown, name in found[:_MAX_RESULTS]
        ]

    def get_details(self, title_id: str) -> FoundTitle:
        """See Source."""
        series = self._find_series(title_id)
        info = self._info_of_first(series)
        language = clean_language(info.get("LanguageISO")) or guess_language(_shown(series))
        summary = clean_text(info.get("Summary"))
        people = [
            FoundCredit(name, role)
            for element, role in _ROLES.items()
            for name in _names(info.get(element), MAX_PERSON_CHARS)
        ]
        return FoundTitle(
            id=title_id,
            kind=Kind.COMIC if info.get("Manga", "").casefold() == "no" else Kind.MANGA,
            name=clean_name(info.get("Series")) or _shown(series),
            synopsis={language: summary} if summary else {},
            rating=_RATINGS.get(info.get("AgeRating", "").casefold()),
            year=clean_year(info.get("Year")),
            length=clean_count(info.get("Count"), at_least=1),
            site_url=clean_url(info.get("Web")),
            genres=clean_words(_names(info.get("Genre"))),
            tags=clean_words(_names(info.get("Tags"))),
            people=tuple(dict.fromkeys(people)),
        )

    def get_chapters(self, title_id: str, *, languages: Sequence[str] = ()) -> list[FoundChapter]:
        """See Source. An archive whose name has no number is looked into."""
        series = self._find_series(title_id)
        usual = clean_language(self._info_of_first(series).get("LanguageISO"))
        usual = usual or guess_language(_shown(series))
        found = [self._chapter(title_id, series, path, usual) for path in self._list(series)]
        kept = [one for one in found if not languages or one.language in languages]
        return sorted(kept, key=lambda one: (one.number or -1, one.volume or 0, one.title))

    def get_images(self, chapter_id: str) -> list[FoundImage]:
        """See Source."""
        pages = self._open(chapter_id).pages
        return [FoundImage(f"{chapter_id}/{number}") for number in range(1, len(pages) + 1)]

    def get_image(self, image: FoundImage) -> bytes:
        """See Source."""
        chapter_id, _slash, number = image.id.partition("/")
        opened = self._open(chapter_id)
        at = clean_count(number, at_least=1, at_most=len(opened.pages))
        if at is None:
            raise Gone
        try:
            return inflate(opened.file, opened.pages[at - 1], ArchiveLimits().max_picture_bytes)
        except ArchiveRejected as error:
            raise _unreadable(error) from error
        except OSError as error:
            raise _down() from error

    @cached_property
    def _place(self) -> Place:
        return open_place(self.address("SOURCE_FOLDER"))

    # --- The folder -----------------------------------------------------------------------------

    def _list_series(self) -> list[str]:
        try:
            return self._place.series()
        except STORAGE_ERRORS as error:
            raise _down() from error

    def _list(self, series: str) -> list[str]:
        try:
            return self._place.archives(series)
        except STORAGE_ERRORS as error:
            raise _down() from error

    def _find_series(self, title_id: str) -> str:
        for name in self._list_series():
            if _hash(name) == title_id:
                return name
        raise Gone

    def _info_of_first(self, series: str) -> Mapping[str, str]:
        for path in self._list(series)[:1]:
            return self._info(series, path)
        return {}

    def _info(self, series: str, path: str) -> Mapping[str, str]:
        """Return the ComicInfo of an archive; nothing of one that cannot be read."""
        try:
            with self._place.open(series, path) as file:
                return _read(file)[1]
        except (ArchiveRejected, *STORAGE_ERRORS):
            return {}

    def _chapter(self, title_id: str, series: str, path: str, usual: str) -> FoundChapter:
        shown = "/".join(_shown(part) for part in path.split("/"))
        told = guess_chapter(shown, series=_shown(series))
        info = self._info(series, path) if told.number is None else {}
        group = clean_name(told.group, MAX_PERSON_CHARS)
        number = clean_number(info.get("Number")) if told.number is None else told.number
        title = told.title or info.get("Title") or ""
        if number is None and not title:
            title = shown.rpartition("/")[2].rpartition(".")[0]
        return FoundChapter(
            id=f"{title_id}-{_hash(path)}",
            number=number,
            language=told.language or clean_language(info.get("LanguageISO")) or usual,
            title=clean_name(title),
            volume=told.volume or clean_count(info.get("Volume"), at_most=10_000),
            groups=(group,) if group else (),
            group_ids=(_hash(fold_text(group)),) if group else (),
        )

    def _open(self, chapter_id: str) -> _Opened:
        """Open an archive, and keep it open for the next page."""
        if self._opened and self._opened.chapter_id == chapter_id:
            return self._opened
        title_id, _dash, wanted = chapter_id.partition("-")
        series = self._find_series(title_id)
        path = next((path for path in self._list(series) if _hash(path) == wanted), None)
        if path is None:
            raise Gone
        if self._opened:
            self._opened.file.close()
            self._opened = None
        try:
            file = self._place.open(series, path)
            pages, info = _read(file)
        except ArchiveRejected as error:
            raise _unreadable(error) from error
        except STORAGE_ERRORS as error:
            raise _down() from error
        if not pages:
            raise Gone
        self._opened = _Opened(chapter_id, file, pages, info)
        return self._opened


def _read(file: BinaryIO) -> tuple[list[Entry], Mapping[str, str]]:
    """Return the pages of an archive in the order of their names, and its ComicInfo."""
    entries = [entry for entry in read_directory(file, ArchiveLimits()) if _is_file(entry)]
    infos = [entry for entry in entries if _parts(entry)[-1].casefold() == "comicinfo.xml"]
    pages = [
        entry
        for entry in entries
        if _parts(entry)[-1].rpartition(".")[2].lower() in IMAGE_EXTENSIONS
    ]
    pages.sort(key=lambda entry: [_natural(part) for part in _parts(entry)])
    return pages, comic_info(file, infos[0]) if infos else {}


def _is_file(entry: Entry) -> bool:
    parts = _parts(entry)
    is_junk = any(part.startswith(".") or part.casefold() in _JUNK for part in parts)
    return not (is_junk or entry.is_folder or entry.is_symlink or entry.is_special)


def _parts(entry: Entry) -> list[str]:
    return entry.name.replace("\\", "/").split("/")


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key by which page 10 comes after page 9."""
    parts = _DIGITS.split(text.casefold())
    return [(1, int(part[:18]), "") if part.isdigit() else (0, 0, part) for part in parts]


def _hash(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:24]


def _shown(name: str) -> str:
    """Return a name of a file as text; old systems wrote other encodings than UTF-8."""
    return clean_name(decode_name(os.fsencode(name), is_utf8=False)) or "?"


def _names(value: Any, max_chars: int = 100) -> list[str]:
    names = [clean_name(part, max_chars) for part in str(value or "").split(",")[:20]]
    return [name for name in names if name]


def _down() -> SourceFailed:
    return SourceFailed(_("The archive cannot be read now."))


def _unreadable(error: ArchiveRejected) -> Unreadable:
    return Unreadable(_(error.message_id) % error.params)
