"""MangaDex: manga with chapters in many languages, whose pages come from MangaDex@Home.

https://api.mangadex.org/docs. The nodes of MangaDex@Home are strangers' machines: what they send is
looked at, reported as good or bad, and asked for elsewhere where it is bad.
"""

import hashlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import UUID

import structlog
from django.utils.translation import gettext_lazy

from common.files.pictures.images import detect_format
from sources.cleaning import (
    MAX_PERSON_CHARS,
    as_list,
    as_map,
    clean_count,
    clean_language,
    clean_moment,
    clean_name,
    clean_number,
    clean_text,
    clean_url,
    clean_words,
    clean_year,
    first_name,
    inside,
)
from sources.contract import (
    Can,
    CreditRole,
    FoundChapter,
    FoundCredit,
    FoundImage,
    FoundTitle,
    Gone,
    Kind,
    Limit,
    Name,
    Params,
    Rating,
    Relation,
    Source,
    SourceFailed,
    Status,
    Unreadable,
)

_KINDS = {"ja": Kind.MANGA, "ko": Kind.MANHWA, "zh": Kind.MANHUA, "zh-hk": Kind.MANHUA}
_ORIGINAL_LANGUAGES = {Kind.MANGA: ["ja"], Kind.MANHWA: ["ko"], Kind.MANHUA: ["zh", "zh-hk"]}
_STATUS = {
    "ongoing": Status.ONGOING,
    "completed": Status.COMPLETED,
    "hiatus": Status.HIATUS,
    "cancelled": Status.CANCELLED,
}
# Left to itself it leaves the last one out, also from the chapters of a title that has it.
_RATINGS = {rating.value: rating for rating in Rating}
_NOT_ADULT = ["safe", "suggestive", "erotica"]
# Its tags that BCP 47 writes otherwise; romanized ones end with -ro.
_TAGS = {"es-la": "es-419"}
_THEIR_TAGS = {ours: theirs for theirs, ours in _TAGS.items()}
# Its names of other sites, and ours; "kt" is an id of manga at Kitsu, or a slug.
_LINKS = {"al": "anilist", "mal": "mal", "kt": "kitsu"}

_FEED_LIMIT = 500
_MAX_DEPTH = 10_000  # it refuses offset + limit beyond
_BASE_ADDRESS_SECONDS = 10 * 60  # good for 15 minutes, "more or less"
_MAX_PAGE_BYTES = 20 * 2**20
_MAX_BASE_CHARS = 1_000
_NODES_TO_TRY = 3
_FILE = re.compile(r"[A-Za-z0-9_-]{1,120}\.(?:png|jpe?g|gif|webp)", re.IGNORECASE)
_HASH = re.compile(r"[0-9a-f]{8,128}")
_SHA256 = re.compile(r"-([0-9a-f]{64})\.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Home:
    """Where the pages of a chapter can be had for some minutes."""

    base: str
    folder: str
    files: tuple[str, ...]
    asked_at: float


class MangaDex(Source):
    """The catalogue and the chapters of MangaDex.

    The id of a page is its chapter's and the name of its file; the base address is asked for again
    where it has expired or its node is bad.
    """

    name = "mangadex"
    label = "MangaDex"
    site_url = "https://mangadex.org"
    kinds = frozenset({Kind.MANGA, Kind.MANHWA, Kind.MANHUA, Kind.COMIC})
    can = frozenset({Can.SEARCH, Can.DETAILS, Can.CHAPTERS})
    addresses: ClassVar[Mapping[str, str]] = {
        "MANGADEX_API_URL": "https://api.mangadex.org",
        "MANGADEX_UPLOADS_URL": "https://uploads.mangadex.org",
        "MANGADEX_REPORT_URL": "https://api.mangadex.network/report",
    }
    limits: ClassVar[Mapping[str, tuple[Limit, ...]]] = {
        "": (Limit(5, 1),),
        "at-home": (Limit(40, 60),),
        # Nobody says how many: as polite as to the API.
        "pages": (Limit(5, 1),),
        "reports": (Limit(10, 1),),
    }
    credits = gettext_lazy(
        "Data and chapters from MangaDex (mangadex.org) and the groups that translated them."
    )
    chapter_terms = (
        "You MUST credit us. You MUST credit scanlation groups if you offer the ability to read"
        " chapters. You CANNOT run ads or paid services on your website and/or apps."
        " (https://api.mangadex.org/docs; a group's request to remove its chapters has to be"
        " honoured.)"
    )

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self._homes: dict[str, _Home] = {}
        self._names_are_checksums = False
        self._odd_pictures: dict[bytes, str] = {}  # by digest: the page that it came for

    # --- Titles ---------------------------------------------------------------------------------

    def search(
        self, query: str, *, kind: Kind | None = None, adult: bool = False
    ) -> list[FoundTitle]:
        """See Source."""
        if kind is not None and kind not in self.kinds:
            return []
        params: dict[str, str | int | Sequence[str]] = {
            "title": query,
            "limit": 20,
            "contentRating[]": list(_RATINGS) if adult else _NOT_ADULT,
            "includes[]": ["cover_art", "author", "artist"],
            "order[relevance]": "desc",
        }
        if kind in _ORIGINAL_LANGUAGES:
            params["originalLanguage[]"] = _ORIGINAL_LANGUAGES[kind]
        elif kind is Kind.COMIC:
            params["excludedOriginalLanguage[]"] = list(_KINDS)
        found = self._ask("/manga", params)
        titles = [self._title(manga) for manga in as_list(found.get("data"), 20)]
        return [
            title
            for title in titles
            if title
            and kind in (None, title.kind)
            and (adult or title.rating != Rating.PORNOGRAPHIC)
        ]

    def get_details(self, title_id: str) -> FoundTitle:
        """See Source."""
        found = self._ask(
            f"/manga/{_uuid(title_id)}", {"includes[]": ["cover_art", "author", "artist", "manga"]}
        )
        title = self._title(found.get("data"))
        if title is None:
            raise Unreadable
        return title

    def _title(self, manga: Any) -> FoundTitle | None:
        """Return a title; None for what has no id or no name."""
        told = as_map(inside(manga, "attributes"))
        names = [(language, name) for language, name in as_map(told.get("title")).items()]
        for other in as_list(told.get("altTitles")):
            names += as_map(other).items()
        kept = [(_language(language), clean_name(name)) for language, name in names]
        kept = [(language, name) for language, name in kept if name]
        title_id = _uuid_or_none(inside(manga, "id"))
        if title_id is None or not kept:
            return None
        original = _language(told.get("originalLanguage"))
        english = [text for language, text in kept if language == "en"]
        name = (english or [kept[0][1]])[0]
        is_over = told.get("status") == "completed"
        links = _links(told.get("links"))
        related = [as_map(one) for one in as_list(inside(manga, "relationships"))]
        return FoundTitle(
            id=title_id,
            kind=_KINDS.get(original, Kind.COMIC),
            name=name,
            original_name=first_name([text for language, text in kept if language == original]),
            original_language=original,
            aliases=tuple(
                dict.fromkeys(Name(text, language) for language, text in kept if text != name)
            ),
            synopsis=_synopsis(told.get("description")),
            status=_STATUS.get(clean_name(told.get("status"), 20)),
            rating=_RATINGS.get(clean_name(told.get("contentRating"), 20)),
            year=clean_year(told.get("year")),
            format=clean_name(told.get("publicationDemographic"), 20).upper(),
            length=_whole(told.get("lastChapter")) if is_over else None,
            volumes=_whole(told.get("lastVolume")) if is_over else None,
            cover_url=self._cover(title_id, related),
            site_url=f"https://mangadex.org/title/{title_id}",
            external_ids={"mangadex": title_id} | links,
            genres=_tags(told, "genre"),
            tags=_tags(told, "theme", "format", "content"),
            people=tuple(dict.fromkeys(_people(related))),
            relations=tuple(_relations(related)),
            numbers_restart_per_volume=told.get("chapterNumbersResetOnNewVolume") is True,
        )

    def _cover(self, title_id: str, related: Sequence[Mapping[str, Any]]) -> str:
        for one in related:
            name = inside(one, "attributes", "fileName")
            if one.get("type") == "cover_art" and isinstance(name, str) and _FILE.fullmatch(name):
                uploads = self.address("MANGADEX_UPLOADS_URL").rstrip("/")
                return f"{uploads}/covers/{title_id}/{name}.512.jpg"
        return ""

    # --- Chapters -------------------------------------------------------------------------------

    def get_chapters(self, title_id: str, *, languages: Sequence[str] = ()) -> list[FoundChapter]:
        """See Source. Of more than 10,000 chapters it gives away the oldest ones."""
        path = f"/manga/{_uuid(title_id)}/feed"
        params: dict[str, str | int | Sequence[str]] = {
            "limit": _FEED_LIMIT,
            "contentRating[]": list(_RATINGS),
            "includes[]": ["scanlation_group"],
            "order[createdAt]": "asc",  # which does not change between two pages
        }
        if languages:
            params["translatedLanguage[]"] = [_THEIR_TAGS.get(tag, tag) for tag in languages]
        found: dict[str, FoundChapter] = {}
        for offset in range(0, _MAX_DEPTH, _FEED_LIMIT):
            page = self._ask(path, {**params, "offset": offset})
            rows = as_list(page.get("data"), _FEED_LIMIT)
            for chapter in filter(None, map(_chapter, rows)):
                if not languages or chapter.language in languages:
                    found[chapter.id] = chapter
            total = clean_count(page.get("total"), at_most=10**9) or 0
            if not rows or offset + _FEED_LIMIT >= total:
                break
        return sorted(found.values(), key=_reading_order)

    def get_images(self, chapter_id: str) -> list[FoundImage]:
        """See Source."""
        chapter_id = _uuid(chapter_id)
        home = self._find_home(chapter_id, anew=True)
        return [FoundImage(f"{chapter_id}/{name}") for name in home.files]

    def get_image(self, image: FoundImage) -> bytes:
        """See Source."""
        chapter_id, _slash, name = image.id.partition("/")
        if not _FILE.fullmatch(name):
            raise Gone
        for attempt in range(_NODES_TO_TRY):
            home = self._find_home(_uuid(chapter_id), anew=attempt > 0)
            if name not in home.files:
                raise Gone
            picture, is_right = self._fetch(home, name)
            if is_right or (picture and self._is_odd_but_true(name, picture)):
                return picture
        raise SourceFailed

    def _is_odd_but_true(self, name: str, picture: bytes) -> bool:
        """Return True for a picture that two answers had, though its name is not its checksum.

        That names are checksums is promised nowhere. But where one was, all are; and what comes
        for several pages is what a node shows instead of them.
        """
        digest = hashlib.sha256(picture).digest()
        is_second = self._odd_pictures.get(digest) == name
        self._odd_pictures.setdefault(digest, name)
        return is_second and not self._names_are_checksums

    def _find_home(self, chapter_id: str, *, anew: bool) -> _Home:
        """Return where the pages are; it is asked for again when it is old."""
        known = self._homes.get(chapter_id)
        if known and not anew and time.monotonic() - known.asked_at < _BASE_ADDRESS_SECONDS:
            return known
        found = self._ask(
            f"/at-home/server/{chapter_id}", {"forcePort443": "true"}, budgets=("", "at-home")
        )
        files = as_list(inside(found, "chapter", "data"), 2_000)
        folder = inside(found, "chapter", "hash")
        base = clean_url(found.get("baseUrl"), _MAX_BASE_CHARS)
        is_right = (
            base
            and isinstance(folder, str)
            and _HASH.fullmatch(folder)
            and all(isinstance(name, str) and _FILE.fullmatch(name) for name in files)
        )
        if not is_right:
            raise Unreadable
        if not files:
            raise Gone
        home = _Home(base.rstrip("/"), str(folder), tuple(files), time.monotonic())
        self._homes = {chapter_id: home}
        return home

    def _fetch(self, home: _Home, name: str) -> tuple[bytes, bool]:
        """Return a picture and whether it is what its name says; empty for none.

        How it went is reported before anything is asked again, or the same bad node comes back.
        """
        url = f"{home.base}/data/{home.folder}/{quote(name)}"
        start = time.monotonic()
        body, is_cached = b"", False
        try:
            answer = self.client.request(
                "GET",
                url,
                budgets=("pages",),
                retries=False,
                max_bytes=_MAX_PAGE_BYTES,
                accepts=range(200, 600),
            )
        except SourceFailed as error:
            if error.code == "source_limited" or error.until:  # the node has not been asked
                raise
        else:
            if answer.status == 403:  # the address has expired, and the node does right
                return b"", False
            is_cached = answer.headers.get("x-cache", "").upper().startswith("HIT")
            body = answer.body if answer.status == 200 else b""
        told = _SHA256.search(name)
        is_picture = detect_format(body) is not None
        is_right = is_picture and (told is None or hashlib.sha256(body).hexdigest() == told[1])
        self._names_are_checksums |= is_right and told is not None
        if "mangadex.org" not in home.base:
            self._report(
                {
                    "url": url,
                    "success": is_right,
                    "cached": is_cached,
                    "bytes": len(body),
                    "duration": round((time.monotonic() - start) * 1000),
                }
            )
        return body if is_picture else b"", is_right

    def _report(self, outcome: Mapping[str, Any]) -> None:
        try:
            self.client.request(
                "POST",
                self.address("MANGADEX_REPORT_URL"),
                json=outcome,
                budgets=("reports",),
                accepts=range(200, 300),
            )
        except SourceFailed as error:  # no reason to do without the page
            log.info("sources.page_report_failed", error=error.message)

    def _ask(self, path: str, params: Params, *, budgets: Sequence[str] = ("",)) -> dict[str, Any]:
        found = self.get_json("MANGADEX_API_URL", path, params, budgets=budgets)
        if found.get("result") != "ok":
            raise Unreadable
        return found


def _uuid_or_none(value: Any) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        return None


def _uuid(value: str) -> str:
    found = _uuid_or_none(value)
    if found is None:
        raise Gone
    return found


def _language(value: Any) -> str:
    tag = clean_language(value)
    if tag.endswith("-ro"):
        return f"{tag.removesuffix('-ro')}-latn"
    return _TAGS.get(tag, tag)


def _whole(value: Any) -> int | None:
    """Return "24" as a number; the last chapter of some is "24.5"."""
    number = clean_number(value)
    return int(number) or None if number is not None else None


def _synopsis(value: Any) -> dict[str, str]:
    found = {_language(tag): clean_text(text) for tag, text in as_map(value).items()}
    return {tag: text for tag, text in found.items() if tag and text}


def _links(value: Any) -> dict[str, str]:
    found = {}
    for theirs, ours in _LINKS.items():
        number = clean_count(as_map(value).get(theirs), at_least=1, at_most=2**31 - 1)
        if number:
            found[ours] = f"manga-{number}" if ours == "kitsu" else str(number)
    return found


def _tags(told: Mapping[str, Any], *groups: str) -> tuple[str, ...]:
    tags = [as_map(inside(tag, "attributes")) for tag in as_list(told.get("tags"))]
    return clean_words([inside(tag, "name", "en") for tag in tags if tag.get("group") in groups])


def _people(related: Sequence[Mapping[str, Any]]) -> Iterator[FoundCredit]:
    roles = {"author": CreditRole.AUTHOR, "artist": CreditRole.ARTIST}
    for one in related:
        name = clean_name(inside(one, "attributes", "name"), MAX_PERSON_CHARS)
        role = roles.get(clean_name(one.get("type"), 30))
        if name and role:
            yield FoundCredit(name, role)


def _relations(related: Sequence[Mapping[str, Any]]) -> Iterator[Relation]:
    for one in related:
        title_id = _uuid_or_none(one.get("id"))
        names = as_map(inside(one, "attributes", "title"))
        name = first_name([names.get("en"), *names.values()])
        if one.get("type") == "manga" and title_id and name:
            kind = _KINDS.get(_language(inside(one, "attributes", "originalLanguage")))
            relation = clean_name(one.get("related"), 30).upper() or "OTHER"
            yield Relation(relation, title_id, kind, name)


def _chapter(row: Any) -> FoundChapter | None:
    """Return a chapter; None for what has no id or language, or is not to be had any more."""
    told = as_map(inside(row, "attributes"))
    chapter_id, language = (
        _uuid_or_none(inside(row, "id")),
        _language(told.get("translatedLanguage")),
    )
    said = told.get("chapter")
    number = clean_number(said)
    is_readable = number is not None or said in (None, "")
    if chapter_id is None or not language or not is_readable or told.get("isUnavailable") is True:
        return None
    groups = [
        (clean_name(inside(one, "attributes", "name"), MAX_PERSON_CHARS), pk)
        for one in as_list(inside(row, "relationships"), 20)
        if inside(one, "type") == "scanlation_group" and (pk := _uuid_or_none(inside(one, "id")))
    ]
    return FoundChapter(
        id=chapter_id,
        number=number,
        language=language,
        title=clean_name(told.get("title")),
        volume=clean_count(told.get("volume"), at_most=10_000),
        groups=tuple(name or pk for name, pk in groups),
        group_ids=tuple(pk for _name, pk in groups),
        page_count=clean_count(told.get("pages"), at_most=10_000),
        published_at=clean_moment(told.get("publishAt")),
        site_url=f"https://mangadex.org/chapter/{chapter_id}",
        external_url=clean_url(told.get("externalUrl")),
    )


def _reading_order(chapter: FoundChapter) -> tuple[Any, ...]:
    moment = chapter.published_at.timestamp() if chapter.published_at else 0
    return chapter.number or -1, chapter.volume or 0, moment, chapter.id
