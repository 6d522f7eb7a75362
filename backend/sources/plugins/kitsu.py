"""Kitsu: manga, novels, anime and anime films, by its JSON:API.

https://kitsu.docs.apiary.io. Its docs name no limit, and do not say which attributes may be null:
both are guessed here, to the safe side.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy

from sources.cleaning import (
    as_list,
    as_map,
    clean_count,
    clean_language,
    clean_name,
    clean_text,
    clean_url,
    clean_words,
    clean_year,
    inside,
)
from sources.contract import (
    Can,
    FoundTitle,
    Gone,
    Kind,
    Limit,
    Name,
    Params,
    Rating,
    Source,
    Status,
    Unreadable,
    number_of,
)

_MANGA = {"manhwa": Kind.MANHWA, "manhua": Kind.MANHUA, "novel": Kind.NOVEL, "oel": Kind.COMIC}
_WATCHED = frozenset({Kind.ANIME, Kind.MOVIE})
_STATUS = {
    "current": Status.ONGOING,
    "finished": Status.COMPLETED,
    "tba": Status.ANNOUNCED,
    "unreleased": Status.ANNOUNCED,
    "upcoming": Status.ANNOUNCED,
}
_RATINGS = {
    "G": Rating.SAFE,
    "PG": Rating.SAFE,
    "R": Rating.SUGGESTIVE,
    "R18": Rating.PORNOGRAPHIC,
}
# Names are by language and country: en_jp is Japanese in Latin letters.
_LANGUAGES = {"en_jp": "ja-latn", "en_kr": "ko-latn", "en_cn": "zh-latn", "en_us": "en"}
_ORIGINALS = {"ja_jp": "ja", "ko_kr": "ko", "zh_cn": "zh"}
_SITES = {"anilist": "anilist", "myanimelist": "mal"}


class Kitsu(Source):
    """The catalogue of Kitsu. It counts manga and anime apart, so our ids name the section."""

    name = "kitsu"
    label = "Kitsu"
    site_url = "https://kitsu.app"
    kinds = frozenset({Kind.MANGA, Kind.COMIC, *_MANGA.values(), *_WATCHED})
    can = frozenset({Can.SEARCH, Can.DETAILS})
    addresses: ClassVar[Mapping[str, str]] = {"KITSU_API_URL": "https://kitsu.io/api/edge"}
    limits: ClassVar[Mapping[str, tuple[Limit, ...]]] = {"": (Limit(60, 60), Limit(2, 1))}
    credits = gettext_lazy("Data from Kitsu (kitsu.app).")

    def search(
        self, query: str, *, kind: Kind | None = None, adult: bool = False
    ) -> list[FoundTitle]:
        """See Source. Without a kind it asks both sections, and takes from them in turn."""
        if kind is not None and kind not in self.kinds:
            return []
        sections = ["manga", "anime"] if kind is None else [_section(kind)]
        params: Params = {"filter[text]": query, "page[limit]": 20}
        rows = [as_list(self._ask(f"/{one}", params).get("data"), 20) for one in sections]
        titles = [_title(row, []) for row in chain.from_iterable(zip_longest(*rows))]
        return [
            title
            for title in titles
            if title
            and kind in (None, title.kind)
            and (adult or title.rating != Rating.PORNOGRAPHIC)
        ][:20]

    def get_details(self, title_id: str) -> FoundTitle:
        """See Source."""
        section, _dash, number = title_id.partition("-")
        if section not in ("manga", "anime"):
            raise Gone
        found = self._ask(f"/{section}/{number_of(number)}", {"include": "categories,mappings"})
        title = _title(found.get("data"), as_list(found.get("included")))
        if title is None or title.id != title_id:
            raise Unreadable
        return title

    def _ask(self, path: str, params: Params) -> dict[str, Any]:
        headers = {"Accept": "application/vnd.api+json"}
        found = self.get_json("KITSU_API_URL", path, params, headers=headers)
        if "data" not in found:
            raise Unreadable
        return found


def _section(kind: Kind) -> str:
    return "anime" if kind in _WATCHED else "manga"


def _title(row: Any, included: Sequence[Any]) -> FoundTitle | None:
    """Return a title; None for what has no id or no name."""
    number = clean_count(inside(row, "id"), at_least=1)
    section = inside(row, "type")
    told = as_map(inside(row, "attributes"))
    names = list(_names(told))
    if number is None or section not in ("manga", "anime") or not names:
        return None
    is_anime = section == "anime"
    subtype = clean_name(told.get("subtype"), 20)
    name = next((one.name for one in names if one.language == "en"), names[0].name)
    original = next((one for one in names if one.language in _ORIGINALS.values()), None)
    summary = clean_text(told.get("synopsis")) or clean_text(told.get("description"))
    slug = clean_name(told.get("slug"), 150)
    return FoundTitle(
        id=f"{section}-{number}",
        kind=_kind(is_anime=is_anime, subtype=subtype),
        name=name,
        original_name=original.name if original else "",
        original_language=original.language if original else "",
        aliases=tuple(dict.fromkeys(one for one in names if one.name != name)),
        synopsis={"en": summary} if summary else {},
        status=_STATUS.get(clean_name(told.get("status"), 20)),
        rating=_rating(told),
        year=clean_year(told.get("startDate")),
        format=subtype.upper(),
        length=clean_count(told.get("episodeCount" if is_anime else "chapterCount"), at_least=1),
        volumes=clean_count(told.get("volumeCount"), at_least=1, at_most=10_000),
        duration_minutes=clean_count(told.get("episodeLength"), at_least=1, at_most=10_000),
        cover_url=clean_url(inside(told, "posterImage", "original"))
        or clean_url(inside(told, "posterImage", "large")),
        site_url=clean_url(f"https://kitsu.app/{section}/{slug or number}"),
        external_ids={"kitsu": f"{section}-{number}"} | _ids(section, included),
        genres=clean_words(
            [inside(one, "attributes", "title") for one in included if _is(one, "categories")]
        ),
    )


def _is(resource: Any, kind: str) -> bool:
    return bool(inside(resource, "type") == kind)


def _kind(*, is_anime: bool, subtype: str) -> Kind:
    if is_anime:
        return Kind.MOVIE if subtype.lower() == "movie" else Kind.ANIME
    return _MANGA.get(subtype.lower(), Kind.MANGA)


def _rating(told: Mapping[str, Any]) -> Rating | None:
    if told.get("nsfw") is True:
        return Rating.PORNOGRAPHIC
    return _RATINGS.get(clean_name(told.get("ageRating"), 10))


def _names(told: Mapping[str, Any]) -> Iterator[Name]:
    """Yield the names, the main one first."""
    by_key = {clean_name(key, 20).lower(): text for key, text in as_map(told.get("titles")).items()}
    main = clean_name(told.get("canonicalTitle"))
    if main and main not in map(clean_name, by_key.values()):
        yield Name(main)
    for key, text in by_key.items():
        language = _LANGUAGES.get(key) or _ORIGINALS.get(key) or clean_language(key)
        if name := clean_name(text):
            yield Name(name, language)
    for text in as_list(told.get("abbreviatedTitles"), 30):
        if name := clean_name(text):
            yield Name(name)


def _ids(section: str, included: Sequence[Any]) -> dict[str, str]:
    """Return the ids at other sites: "anilist/manga" and "myanimelist/anime" name the section."""
    found = {}
    for one in included:
        site, _slash, part = clean_name(inside(one, "attributes", "externalSite"), 50).partition(
            "/"
        )
        number = clean_count(inside(one, "attributes", "externalId"), at_least=1, at_most=2**31 - 1)
        if _is(one, "mappings") and site in _SITES and part in ("", section) and number:
            found[_SITES[site]] = str(number)
    return found
