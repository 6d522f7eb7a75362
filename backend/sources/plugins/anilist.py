"""AniList: manga, novels, anime and anime films, by its GraphQL API.

https://docs.anilist.co; its limits are those of its "degraded" state, whatever its headers say.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import structlog
from django.utils.translation import gettext_lazy

from sources.cleaning import (
    MAX_PERSON_CHARS,
    as_list,
    as_map,
    clean_count,
    clean_name,
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
    FoundCredit,
    FoundTitle,
    Gone,
    Kind,
    Limit,
    Limited,
    Name,
    Rating,
    Relation,
    Source,
    SourceFailed,
    Status,
    Unreadable,
    number_of,
)

# A query may have 500 fields, counted with those that are nested.
SUMMARY = """
fragment Summary on Media {
  id idMal type format status(version: 2) countryOfOrigin isAdult siteUrl synonyms genres
  title { romaji english native } startDate { year }
  episodes chapters volumes duration coverImage { extraLarge large }
}
"""
SEARCH = (
    """
query Search(
  $query: String!, $type: MediaType, $formats: [MediaFormat], $country: CountryCode
  $adult: Boolean
) {
  Page(page: 1, perPage: 20) {
    media(
      search: $query, type: $type, format_in: $formats, countryOfOrigin: $country
      isAdult: $adult, sort: [SEARCH_MATCH]
    ) { ...Summary }
  }
}
"""
    + SUMMARY
)
DETAILS = (
    """
query Details($id: Int!) {
  Media(id: $id) {
    ...Summary
    description(asHtml: true)
    tags { name rank isMediaSpoiler isGeneralSpoiler isAdult }
    staff(sort: [RELEVANCE], page: 1, perPage: 15) { edges { role node { name { full native } } } }
    studios(isMain: true) { nodes { name } }
    characters(sort: [ROLE, RELEVANCE], page: 1, perPage: 10) {
      edges { voiceActors(language: JAPANESE, sort: [RELEVANCE]) { name { full native } } }
    }
    relations {
      edges {
        relationType(version: 2)
        node { id type format countryOfOrigin title { romaji english native } }
      }
    }
  }
}
"""
    + SUMMARY
)

_STATUS = {
    "FINISHED": Status.COMPLETED,
    "RELEASING": Status.ONGOING,
    "NOT_YET_RELEASED": Status.ANNOUNCED,
    "CANCELLED": Status.CANCELLED,
    "HIATUS": Status.HIATUS,
}
_LANGUAGES = {"JP": "ja", "KR": "ko", "CN": "zh", "TW": "zh-tw", "HK": "zh-hk"}
_COMICS = {"KR": Kind.MANHWA, "CN": Kind.MANHUA, "TW": Kind.MANHUA, "HK": Kind.MANHUA}
_ANIME_FORMATS = ["TV", "TV_SHORT", "SPECIAL", "OVA", "ONA", "MUSIC"]
_COMIC_FORMATS = ["MANGA", "ONE_SHOT"]
# What is asked for each kind.
_FILTERS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.MANGA: {"type": "MANGA", "formats": _COMIC_FORMATS, "country": "JP"},
    Kind.MANHWA: {"type": "MANGA", "formats": _COMIC_FORMATS, "country": "KR"},
    Kind.MANHUA: {"type": "MANGA", "formats": _COMIC_FORMATS, "country": "CN"},
    Kind.NOVEL: {"type": "MANGA", "formats": ["NOVEL"]},
    Kind.ANIME: {"type": "ANIME", "formats": _ANIME_FORMATS},
    Kind.MOVIE: {"type": "ANIME", "formats": ["MOVIE"]},
}
# The beginning of a role, as it stands there: "Story & Art", "Director (eps 1-12)".
_ROLES = (
    ("Story & Art", (CreditRole.AUTHOR, CreditRole.ARTIST)),
    ("Story", (CreditRole.AUTHOR,)),
    ("Original Creator", (CreditRole.AUTHOR,)),
    ("Original Story", (CreditRole.AUTHOR,)),
    ("Art", (CreditRole.ARTIST,)),
    ("Illustration", (CreditRole.ARTIST,)),
    ("Director", (CreditRole.DIRECTOR,)),
    ("Series Composition", (CreditRole.WRITER,)),
    ("Script", (CreditRole.WRITER,)),
    ("Music", (CreditRole.COMPOSER,)),
    ("Producer", (CreditRole.PRODUCER,)),
)
log = structlog.get_logger(__name__)

_MAX_ID = 2**31 - 1
_MIN_TAG_RANK = 60


class AniList(Source):
    """The catalogue of AniList; chapters are not to be had there."""

    name = "anilist"
    label = "AniList"
    site_url = "https://anilist.co"
    kinds = frozenset(_FILTERS)
    can = frozenset({Can.SEARCH, Can.DETAILS})
    addresses: ClassVar[Mapping[str, str]] = {
        "ANILIST_GRAPHQL_URL": "https://graphql.anilist.co",
        "ANILIST_AUTHORIZE_URL": "https://anilist.co/api/v2/oauth/authorize",
        "ANILIST_TOKEN_URL": "https://anilist.co/api/v2/oauth/token",
    }
    # It says 90, gives 30, and has a limit for bursts that nobody knows: so one in two seconds.
    limits: ClassVar[Mapping[str, tuple[Limit, ...]]] = {"": (Limit(30, 60), Limit(1, 2))}
    credits = gettext_lazy("Data from AniList (anilist.co).")
    safe_posts = True

    def search(
        self, query: str, *, kind: Kind | None = None, adult: bool = False
    ) -> list[FoundTitle]:
        """See Source."""
        if kind is not None and kind not in _FILTERS:
            return []
        variables = {"query": query, **(_FILTERS[kind] if kind else {})}
        if not adult:
            variables["adult"] = False  # otherwise both are found
        found = inside(self._ask(SEARCH, "Search", variables), "Page", "media")
        titles = [read_title(media) for media in as_list(found, 20)]
        return [title for title in titles if title and (adult or not _is_adult(title))]

    def get_details(self, title_id: str) -> FoundTitle:
        """See Source."""
        number = number_of(title_id)
        if not 0 < number <= _MAX_ID:
            raise Gone
        media = as_map(self._ask(DETAILS, "Details", {"id": number}).get("Media"))
        title = read_title(media)
        if title is None or title.id != str(number):
            raise Unreadable
        return title

    def _ask(self, query: str, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a query gives; raises Gone where the only thing asked for is not there."""
        answer = self.client.request(
            "POST",
            self.address("ANILIST_GRAPHQL_URL"),
            json={"query": query, "operationName": name, "variables": variables},
            headers={"Accept": "application/json"},
            accepts=(200, 400, 404),
        )
        said = as_map(answer.json())
        # An answer of 200 can carry errors, too.
        if errors := as_list(said.get("errors")):
            raise _failure(errors[0], answer.status)
        if answer.status != 200 or not isinstance(said.get("data"), dict):
            raise Unreadable
        return as_map(said["data"])


def _failure(error: Any, status: int) -> SourceFailed:
    told = clean_count(inside(error, "status"), at_least=400, at_most=599) or status
    message = clean_name(inside(error, "message"))
    if told == 404:
        return Gone()
    if told == 429:
        return Limited()
    if told in (401, 403) or told >= 500:
        return SourceFailed()
    log.warning("sources.query_refused", source="anilist", said=message)
    return Unreadable()


def read_title(media: Any) -> FoundTitle | None:
    """Return a title; None for what has no id or no name."""
    number = clean_count(inside(media, "id"), at_least=1, at_most=_MAX_ID)
    names = as_map(inside(media, "title"))
    name = first_name([names.get("english"), names.get("romaji"), names.get("native")])
    kind = _kind(media)
    if number is None or not name or kind is None:
        return None
    media = as_map(media)
    is_anime = media.get("type") == "ANIME"
    country = _text(media, "countryOfOrigin")
    language = _LANGUAGES.get(country, "")
    mal = clean_count(media.get("idMal"), at_least=1, at_most=_MAX_ID)
    summary = clean_text(media.get("description"))
    section = "anime" if is_anime else "manga"
    return FoundTitle(
        id=str(number),
        kind=kind,
        name=name,
        original_name=clean_name(names.get("native")),
        original_language=language,
        aliases=tuple(alias for alias in _aliases(media, names, language) if alias.name != name),
        synopsis={"en": summary} if summary else {},
        status=_STATUS.get(_text(media, "status")),
        rating=_rating(media),
        year=clean_year(inside(media, "startDate", "year")),
        format=_text(media, "format"),
        length=clean_count(media.get("episodes" if is_anime else "chapters"), at_least=1),
        volumes=clean_count(media.get("volumes"), at_least=1, at_most=10_000),
        duration_minutes=clean_count(media.get("duration"), at_least=1, at_most=10_000),
        cover_url=clean_url(inside(media, "coverImage", "extraLarge"))
        or clean_url(inside(media, "coverImage", "large")),
        site_url=f"https://anilist.co/{section}/{number}",
        external_ids={"anilist": str(number)} | ({"mal": str(mal)} if mal else {}),
        genres=clean_words(media.get("genres")),
        tags=clean_words([tag.get("name") for tag in _tags(media)], 30),
        people=tuple(dict.fromkeys(_people(media))),
        relations=tuple(_relations(media)),
    )


def _text(media: Mapping[str, Any], name: str) -> str:
    """Return a word of a fixed vocabulary."""
    return clean_name(media.get(name), 20)


def _kind(media: Any) -> Kind | None:
    kind, form = inside(media, "type"), inside(media, "format")
    if kind == "ANIME":
        return Kind.MOVIE if form == "MOVIE" else Kind.ANIME
    if kind == "MANGA":
        if form == "NOVEL":
            return Kind.NOVEL
        return _COMICS.get(_text(as_map(media), "countryOfOrigin"), Kind.MANGA)
    return None


def _rating(media: Mapping[str, Any]) -> Rating | None:
    is_adult = media.get("isAdult")
    if is_adult is True:
        return Rating.PORNOGRAPHIC
    if "Ecchi" in clean_words(media.get("genres")):  # which does not count as adult
        return Rating.SUGGESTIVE
    return Rating.SAFE if is_adult is False else None


def _is_adult(title: FoundTitle) -> bool:
    return title.rating == Rating.PORNOGRAPHIC


def _aliases(media: Mapping[str, Any], names: Mapping[str, Any], language: str) -> tuple[Name, ...]:
    romaji = f"{language.partition('-')[0]}-latn" if language else ""
    told = [(names.get("english"), "en"), (names.get("romaji"), romaji)]
    told += [(synonym, "") for synonym in as_list(media.get("synonyms"), 50)]
    found = {clean_name(name): tongue for name, tongue in reversed(told)}
    return tuple(Name(name, tongue) for name, tongue in reversed(found.items()) if name)


def _tags(media: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for tag in map(as_map, as_list(media.get("tags"))):
        is_spoiler = tag.get("isMediaSpoiler") or tag.get("isGeneralSpoiler")
        if not is_spoiler and (clean_count(tag.get("rank")) or 0) >= _MIN_TAG_RANK:
            yield tag


def _people(media: Mapping[str, Any]) -> Iterator[FoundCredit]:
    for edge in as_list(inside(media, "staff", "edges"), 15):
        said = clean_name(inside(edge, "role"))
        for role in _roles(said):
            yield from _credit(inside(edge, "node"), role)
    for studio in as_list(inside(media, "studios", "nodes"), 5):
        if name := clean_name(inside(studio, "name"), MAX_PERSON_CHARS):
            yield FoundCredit(name, CreditRole.STUDIO)
    for edge in as_list(inside(media, "characters", "edges"), 10):
        for actor in as_list(inside(edge, "voiceActors"), 1):
            yield from _credit(actor, CreditRole.CAST)


def _roles(said: str) -> tuple[CreditRole, ...]:
    for beginning, roles in _ROLES:
        rest = said.removeprefix(beginning)
        if rest != said and (not rest or rest.startswith(" (")):
            return roles
    return ()


def _credit(person: Any, role: CreditRole) -> Iterator[FoundCredit]:
    native = clean_name(inside(person, "name", "native"), MAX_PERSON_CHARS)
    if name := clean_name(inside(person, "name", "full"), MAX_PERSON_CHARS) or native:
        yield FoundCredit(name, role, native)


def _relations(media: Mapping[str, Any]) -> Iterator[Relation]:
    for edge in as_list(inside(media, "relations", "edges"), 50):
        node = as_map(inside(edge, "node"))
        number = clean_count(node.get("id"), at_least=1, at_most=_MAX_ID)
        names = as_map(node.get("title"))
        name = first_name([names.get("english"), names.get("romaji"), names.get("native")])
        if number and name:
            relation = clean_name(inside(edge, "relationType"), 30) or "OTHER"
            yield Relation(relation, str(number), _kind(node), name)
