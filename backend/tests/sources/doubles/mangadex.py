"""MangaDex's double: its API, its covers, and nodes of MangaDex@Home that may be bad.

At-home gives out `nodes[0]` until somebody reports it as failing; then it is the next one's turn.
"""

import hashlib
import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.sources.double import Double, Heard, Said, cut, say_json
from tests.sources.doubles.catalogue import (
    BY_KEY,
    GROUPS,
    WORKS,
    Chapter,
    Work,
    cover_bytes,
    draw,
    page_bytes,
    uid,
)
from tests.sources.doubles.catalogue import find as find_works

RATINGS = ("safe", "suggestive", "erotica", "pornographic")
LANGUAGES = {"JP": "ja", "KR": "ko", "CN": "zh", "KG": "ky"}
MAX_DEPTH = 10_000
_BROWSER = re.compile(r"Mozilla|Chrome|Safari", re.IGNORECASE)


@dataclass
class Node:
    """A node: `mood` is good, down, wrong (another picture), html, or cut."""

    mood: str = "good"
    served: list[str] = field(default_factory=list)


def refusal(status: int, title: str, detail: str = "") -> Said:
    """Return an error as the API words it."""
    error = {"id": uid(title), "status": status, "title": title, "detail": detail, "context": None}
    return say_json({"result": "error", "errors": [error]}, status)


class MangaDex(Double):
    """The site. A test changes `works`, `nodes`, and `overrides` of attributes by id."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.works: tuple[Work, ...] = tuple(work for work in WORKS if work.mangadex)
        self.nodes = [Node()]
        self.reports: list[dict[str, Any]] = []
        self.overrides: dict[str, dict[str, Any]] = {}
        self.epoch = 0  # of the base addresses that are still good
        self._tokens = itertools.count(1)

    def addresses(self) -> dict[str, str]:
        """See Double."""
        return {
            "MANGADEX_API_URL": f"{self.url}/api",
            "MANGADEX_UPLOADS_URL": f"{self.url}/uploads",
            "MANGADEX_REPORT_URL": f"{self.url}/report",
        }

    def expire(self) -> None:
        """Let all base addresses expire that were given out."""
        self.epoch += 1

    def refuse_over_limit(self, heard: Heard, calls: int, seconds: float) -> Said:
        """See Double; at-home says a Unix time, and other answers nothing."""
        if "/at-home/" not in heard.path:
            return Said(429, b"<html>429 Too Many Requests</html>", {"Content-Type": "text/html"})
        until = str(int(time.time() + seconds) + 1)
        headers = {"X-RateLimit-Limit": str(calls), "X-RateLimit-Remaining": "0"}
        said = refusal(429, "rate_limit_exceeded")
        return Said(429, said.body, {**said.headers, **headers, "X-RateLimit-Retry-After": until})

    def answer(self, heard: Heard) -> Said:
        """See Double."""
        agent = heard.headers.get("user-agent", "")
        if not agent or _BROWSER.search(agent) or "via" in heard.headers:
            return refusal(400, "bad_request_exception", "Send a User-Agent of your own, no Via.")
        if heard.path.startswith("/node/"):
            return self._page(heard)
        if heard.path == "/report":
            return self._report(heard)
        if heard.path.startswith("/uploads/covers/"):
            return self._cover(heard)
        return self._api(heard, heard.path.removeprefix("/api"))

    # --- API ------------------------------------------------------------------------------------

    def _api(self, heard: Heard, path: str) -> Said:
        if path == "/ping":
            return Said(200, b"pong", {"Content-Type": "text/plain"})
        if path == "/manga":
            return self._search(heard)
        parts = path.strip("/").split("/")
        if parts[0] == "manga" and len(parts) in (2, 3):
            work = next((work for work in self.works if work.mangadex_id == parts[1]), None)
            if work is None:
                return refusal(404, "not_found_http_exception")
            if len(parts) == 2:
                return say_json(
                    {"result": "ok", "response": "entity", "data": self.manga(work, heard)}
                )
            if parts[2] == "feed":
                return self._feed(heard, work)
        if parts[:2] == ["at-home", "server"] and len(parts) == 3:
            return self._at_home(parts[2])
        return refusal(404, "not_found_http_exception")

    def _search(self, heard: Heard) -> Said:
        if refused := self._refuse_page(heard, 10, 100):
            return refused
        found = list(self.works)
        if title := heard.one("title"):
            found = find_works(self.works, title)
        ids = heard.query.get("ids[]")
        languages = heard.query.get("originalLanguage[]")
        ratings = heard.query.get("contentRating[]") or RATINGS[:3]
        found = [
            work
            for work in found
            if (not ids or work.mangadex_id in ids)
            and (not languages or LANGUAGES[work.country or "JP"] in languages)
            and self.rating(work) in ratings
        ]
        return self._collection(heard, found, 10, lambda work: self.manga(work, heard))

    def _feed(self, heard: Heard, work: Work) -> Said:
        if refused := self._refuse_page(heard, 100, 500):
            return refused
        languages = heard.query.get("translatedLanguage[]")
        ratings = heard.query.get("contentRating[]") or RATINGS[:3]
        chosen = [
            (at, chapter)
            for at, chapter in enumerate(work.chapters)
            if (not languages or chapter.language in languages) and self.rating(work) in ratings
        ]
        return self._collection(
            heard, chosen, 100, lambda one: self.chapter(work, one[1], one[0], heard)
        )

    def _refuse_page(self, heard: Heard, limit: int, most: int) -> Said | None:
        limit, offset = int(heard.one("limit", str(limit))), int(heard.one("offset", "0"))
        if not 0 < limit <= most or offset + limit > MAX_DEPTH:
            return refusal(400, "bad_request_exception", "The limit or the offset is too large.")
        return None

    def _collection(
        self, heard: Heard, rows: list[Any], limit: int, show: Callable[[Any], Any]
    ) -> Said:
        limit, offset = int(heard.one("limit", str(limit))), int(heard.one("offset", "0"))
        return say_json(
            {
                "result": "ok", "response": "collection",
                "data": [show(row) for row in rows[offset : offset + limit]],
                "limit": limit, "offset": offset, "total": len(rows),
            }
        )  # fmt: skip

    def rating(self, work: Work) -> str:
        """Return the contentRating."""
        if work.is_adult:
            return "pornographic"
        return "suggestive" if "Ecchi" in work.genres else "safe"

    def manga(self, work: Work, heard: Heard) -> dict[str, Any]:
        """Return a manga; what is related has attributes only where it is included."""
        includes = heard.query.get("includes[]", [])
        related = [("cover_art", uid(f"cover {work.key}"), {"fileName": f"{work.key}.jpg"})]
        for role, name in (("author", work.author), ("artist", work.artist)):
            if name:
                related.append((role, uid(name), {"name": name}))
        relationships: list[dict[str, Any]] = [
            {"id": pk, "type": kind, **({"attributes": given} if kind in includes else {})}
            for kind, pk, given in related
        ]
        for relation, key in work.related:
            if BY_KEY[key].mangadex:
                attributes = {"title": {"en": BY_KEY[key].english}}
                relationships.append(
                    {"id": BY_KEY[key].mangadex_id, "type": "manga", "related": relation.lower()}
                    | ({"attributes": attributes} if "manga" in includes else {})
                )
        language = LANGUAGES[work.country or "JP"]
        names = [(language, work.native), (f"{language}-ro", work.romaji), ("ru", work.russian),
                 ("ky", work.kyrgyz)]  # fmt: skip
        links = {"al": str(work.anilist), "mal": str(work.mal), "kt": str(work.kitsu)}
        return {
            "id": work.mangadex_id,
            "type": "manga",
            "attributes": {
                "title": {"en": work.english},
                "altTitles": [{tongue: name} for tongue, name in names if name],
                # PHP writes an empty map as [].
                "description": {"en": work.story} if work.story else [],
                "isLocked": False,
                "links": {site: pk for site, pk in links.items() if pk != "None"} or None,
                "originalLanguage": language,
                "lastVolume": str(work.volumes) if work.volumes else "",
                "lastChapter": str(work.length) if work.length else "",
                "publicationDemographic": None,
                "status": {"RELEASING": "ongoing", "FINISHED": "completed"}.get(
                    work.status or "", "hiatus"
                ),
                "year": work.year,
                "contentRating": self.rating(work),
                "tags": [
                    {"id": uid(genre), "type": "tag",
                     "attributes": {"name": {"en": genre}, "group": "genre", "description": []}}
                    for genre in work.genres
                ],
                "state": "published",
                "chapterNumbersResetOnNewVolume": work.key == "yurt",
                "createdAt": "2020-01-01T00:00:00+00:00",
                "updatedAt": "2024-01-01T00:00:00+00:00",
                "version": 3,
                "availableTranslatedLanguages": sorted({c.language for c in work.chapters}),
                **self.overrides.get(work.mangadex_id, {}),
            },
            "relationships": relationships,
        }  # fmt: skip

    def chapter(self, work: Work, chapter: Chapter, at: int, heard: Heard) -> dict[str, Any]:
        """Return a chapter of a feed."""
        relationships: list[dict[str, Any]] = [{"id": work.mangadex_id, "type": "manga"}]
        if chapter.group:
            group: dict[str, Any] = {"id": uid(chapter.group), "type": "scanlation_group"}
            if "scanlation_group" in heard.query.get("includes[]", []):
                group["attributes"] = {"name": chapter.group, "website": None}
            relationships.append(group)
        pk = chapter.id_in(work)
        return {
            "id": pk,
            "type": "chapter",
            "attributes": {
                "volume": chapter.volume,
                "chapter": chapter.number,
                "title": chapter.title or None,
                "translatedLanguage": chapter.language,
                "externalUrl": chapter.external or None,
                "publishAt": f"2024-01-{at % 28 + 1:02}T10:00:00+00:00",
                "readableAt": f"2024-01-{at % 28 + 1:02}T10:00:00+00:00",
                "pages": chapter.pages,
                "version": 1,
                **self.overrides.get(pk, {}),
            },
            "relationships": relationships,
        }

    # --- Pages ----------------------------------------------------------------------------------

    def chapter_of(self, chapter_id: str) -> Chapter | None:
        """Return the chapter of an id."""
        every = ((work, chapter) for work in self.works for chapter in work.chapters)
        return next((one for work, one in every if one.id_in(work) == chapter_id), None)

    def file_names(self, chapter_id: str) -> list[str]:
        """Return the names of a chapter's pages: their number and the SHA-256 of their bytes."""
        chapter = self.chapter_of(chapter_id)
        numbers = range(1, (chapter.pages if chapter else 0) + 1)
        pages = {number: page_bytes(chapter_id, number) for number in numbers}
        return [f"{n}-{hashlib.sha256(page).hexdigest()}.png" for n, page in pages.items()]

    def _at_home(self, chapter_id: str) -> Said:
        chapter = self.chapter_of(chapter_id)
        if chapter is None or not chapter.pages:
            return refusal(404, "not_found_http_exception")
        token = f"{self.epoch}-{next(self._tokens)}"
        names = self.file_names(chapter_id)
        return say_json(
            {
                "result": "ok",
                "baseUrl": f"{self.url}/node/{token}",
                "chapter": {
                    "hash": hashlib.md5(chapter_id.encode(), usedforsecurity=False).hexdigest(),
                    "data": names,
                    "dataSaver": [name.replace(".png", ".jpg") for name in names],
                },
            },
            headers={"X-RateLimit-Limit": "40", "X-RateLimit-Remaining": "39"},
        )

    def _page(self, heard: Heard) -> Said:
        parts = heard.path.split("/")
        if "authorization" in heard.headers or len(parts) != 6:
            return Said(400, b"no")
        _, _, token, _quality, folder, name = parts
        if int(token.partition("-")[0]) < self.epoch:
            return Said(403, b"expired", {"Content-Type": "text/plain"})
        node = self.nodes[0]
        node.served.append(name)
        page = self._find_page(folder, name)
        if page is None:
            return Said(404, b"nothing")
        headers = {"Content-Type": "image/png", "X-Cache": "HIT"}
        return {
            "good": Said(200, page, headers),
            "down": Said(502, b"bad gateway", {"Content-Type": "text/plain"}),
            "wrong": Said(200, draw("read it at our site"), headers),
            "html": Said(200, b"<html>busy</html>", {"Content-Type": "image/png"}),
            "cut": cut(page[: len(page) // 2], "image/png"),
        }[node.mood]

    def _find_page(self, folder: str, name: str) -> bytes | None:
        for work in self.works:
            for chapter in work.chapters:
                pk = chapter.id_in(work)
                if hashlib.md5(pk.encode(), usedforsecurity=False).hexdigest() == folder:
                    names = self.file_names(pk)
                    return page_bytes(pk, names.index(name) + 1) if name in names else None
        return None

    def _report(self, heard: Heard) -> Said:
        shape = {"url": str, "success": bool, "cached": bool, "bytes": int, "duration": int}
        told = heard.json()
        is_right = (
            heard.method == "POST"
            and heard.headers.get("content-type") == "application/json"
            and isinstance(told, dict)
            and {name: type(value) for name, value in told.items()} == shape
        )
        if not is_right:
            return refusal(400, "bad_request_exception")
        self.reports.append(told)
        if not told["success"] and len(self.nodes) > 1:
            self.nodes.pop(0)
        return say_json({"result": "ok"})

    def _cover(self, heard: Heard) -> Said:
        name = heard.path.rpartition("/")[2]
        key = re.sub(r"\.jpg(\.(256|512)\.jpg)?$", "", name)
        if key not in BY_KEY or "authorization" in heard.headers:
            return Said(404, b"nothing")
        return Said(200, cover_bytes(key), {"Content-Type": "image/jpeg"})


assert set(GROUPS) == {c.group for w in WORKS for c in w.chapters if c.group}
