"""Kitsu's double: JSON:API with manga and anime, whose ids are counted apart."""

from typing import Any

from tests.sources.double import Double, Heard, Said, say_json
from tests.sources.doubles.catalogue import BY_KEY, WORKS, Work, cover_bytes, find

MAX_PAGE = 20
STATUS = {
    "RELEASING": "current",
    "FINISHED": "finished",
    "NOT_YET_RELEASED": "upcoming",
    "HIATUS": "current",
}
SUBTYPES = {"MANGA": "manga", "NOVEL": "novel", "ONE_SHOT": "oneshot", "TV": "TV", "MOVIE": "movie"}


def refusal(status: int, title: str) -> Said:
    """Return an error as JSON:API words it."""
    return say_json({"errors": [{"title": title, "status": str(status)}]}, status)


class Kitsu(Double):
    """The site."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.works: tuple[Work, ...] = tuple(work for work in WORKS if work.kitsu)
        self.overrides: dict[int, dict[str, Any]] = {}

    def addresses(self) -> dict[str, str]:
        """See Double."""
        return {"KITSU_API_URL": f"{self.url}/api/edge"}

    def answer(self, heard: Heard) -> Said:
        """See Double."""
        if heard.path.startswith("/covers/"):
            key = heard.path.removeprefix("/covers/").removesuffix(".jpg")
            if key in BY_KEY:
                return Said(200, cover_bytes(key), {"Content-Type": "image/jpeg"})
        if "application/vnd.api+json" not in heard.headers.get("accept", ""):
            return refusal(406, "Not acceptable")
        parts = heard.path.removeprefix("/api/edge").strip("/").split("/")
        works = [work for work in self.works if work.type.lower() == parts[0]]
        if parts[0] not in ("manga", "anime") or len(parts) > 2:
            return refusal(404, "Record not found")
        if len(parts) == 2:
            work = next((one for one in works if str(one.kitsu) == parts[1]), None)
            if work is None:
                return refusal(404, "Record not found")
            return self._say({"data": self.resource(work), "included": self.included(work)})
        size = int(heard.one("page[limit]", "10"))
        if not 0 < size <= MAX_PAGE:
            return refusal(400, "Limit exceeds maximum page size of 20.")
        found = find(tuple(works), heard.one("filter[text]"))[:size]
        return self._say({"data": [self.resource(work) for work in found]})

    def _say(self, value: Any) -> Said:
        return say_json(value, headers={"Content-Type": "application/vnd.api+json; charset=utf-8"})

    def resource(self, work: Work) -> dict[str, Any]:
        """Return a title."""
        section = work.type.lower()
        counts: dict[str, Any] = {"chapterCount": work.length, "volumeCount": work.volumes}
        if work.type == "ANIME":
            counts = {"episodeCount": work.length, "episodeLength": work.minutes, "nsfw": False}
        titles = {"en": work.english, "en_jp": work.romaji, "ja_jp": work.native}
        return {
            "id": str(work.kitsu),
            "type": section,
            "attributes": {
                "slug": work.key,
                "canonicalTitle": work.romaji or work.english,
                "titles": {tongue: name for tongue, name in titles.items() if name},
                "abbreviatedTitles": [name for name in (work.russian,) if name] or None,
                "synopsis": work.story or "",
                "description": work.story or "",
                "startDate": f"{work.year}-04-01" if work.year else None,
                "status": STATUS[work.status or "FINISHED"],
                "subtype": SUBTYPES[work.format or "MANGA"],
                "ageRating": "R18" if work.is_adult else "PG",
                "posterImage": {"original": f"{self.url}/covers/{work.key}.jpg"},
                **counts,
                **self.overrides.get(work.kitsu or 0, {}),
            },
            "relationships": {
                "mappings": {"data": [{"type": "mappings", "id": f"{work.kitsu}1"}]},
                "categories": {"data": [{"type": "categories", "id": "7"}]},
            },
        }

    def included(self, work: Work) -> list[dict[str, Any]]:
        """Return what comes along with a title."""
        section = work.type.lower()
        sites = ((f"anilist/{section}", work.anilist), (f"myanimelist/{section}", work.mal))
        mappings = [
            {"id": str(at), "type": "mappings",
             "attributes": {"externalSite": site, "externalId": str(pk)}}
            for at, (site, pk) in enumerate(sites) if pk
        ]  # fmt: skip
        genres = [
            {"id": genre, "type": "categories", "attributes": {"title": genre, "nsfw": False}}
            for genre in work.genres
        ]
        return mappings + genres
