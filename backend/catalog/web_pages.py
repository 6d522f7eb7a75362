"""First screens and heads of the web app's pages about titles, and parts that `reader` shares."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from django.utils.translation import gettext as _

from catalog.choices import Kind, Status
from catalog.names import name_in
from common.web_pages import Ask, Head, Screen, Visit, WebPage

# In the order in which the app writes them.
_PARAMETERS = (
    "search", "person", "kind", "status", "rating", "genre", "tag", "exclude_tag",
    "chapter_language", "year_min", "year_max", "ordering",
)  # fmt: skip
_COVERS = 12  # as many as fit the first screen of a wide window
_DESCRIPTION_LENGTH = 200
_UNCHANGED = "!~*'()"  # the signs that encodeURIComponent leaves as they are
# Titles that are watched, by the first word of their address; all others are series.
SECTIONS = {Kind.MOVIE.value: "movies", Kind.ANIME.value: "anime", Kind.SHOW.value: "shows"}
# Of schema.org, and of Open Graph.
_SCHEMA_TYPES = {"movies": "Movie", "anime": "TVSeries", "shows": "TVSeries"}
_GRAPH_TYPES = {"movies": "video.movie", "anime": "video.tv_show", "shows": "video.tv_show"}


def list_address(path: str, **parameters: Iterable[str]) -> str:
    """Return the address of a list; a parameter with several values is repeated, as in the app."""
    return f"{path}?{urlencode(parameters, doseq=True)}"


def cover_of_head(cover: dict[str, Any] | None) -> tuple[str, int, int] | None:
    """Return a link preview's (address, width, height): the large size where there is one."""
    if cover is None:
        return None
    return cover["large_url"] or cover["url"], cover["width"], cover["height"]


def title_card(row: dict[str, Any], language: str) -> dict[str, Any]:
    """Return address, name and cover of a title, for the templates."""
    return {
        "href": f"/{SECTIONS.get(row.get('kind', ''), 'series')}/{row['slug']}",
        "name": name_in(row["names"], row["name"], language),
        "cover": row.get("cover"),
    }


def words_of(texts: dict[str, str], language: str) -> str:
    """Return a text in the user's language, else in Russian, English or any, as the app does."""
    found = (texts.get(code) for code in (language, "ru", "en"))
    return next(filter(None, found), "") or next(filter(None, texts.values()), "")


def word_of_address(word: str) -> str:
    """Return a word as it stands in an address that the app writes."""
    return quote(word, safe=_UNCHANGED)


def shorten(text: str) -> str:
    """Return the beginning of a text, as long as a description of a page may be."""
    words = " ".join(text.split())
    if len(words) <= _DESCRIPTION_LENGTH:
        return words
    return f"{words[:_DESCRIPTION_LENGTH].rpartition(' ')[0]}…"


def browse(visit: Visit, ask: Ask) -> Screen:
    """Return the first screen of Browse, filtered as its address asks."""
    preferences = visit.preferences
    asked = {"rating": preferences.ratings, **visit.parameters}
    # What is watched has no chapters in any language, nor may what is called so.
    of_all_kinds = "search" in asked or not SECTIONS.keys().isdisjoint(asked.get("kind", ()))
    if not of_all_kinds:
        asked.setdefault("chapter_language", preferences.languages)
    if "any" in asked.get("chapter_language", ()):
        del asked["chapter_language"]
    written = {name: asked[name] for name in _PARAMETERS if name in asked}
    found = ask(list_address("/api/titles" if of_all_kinds else "/api/series", **written))
    head = Head(
        title=_("Browse"),
        description=_("Find manga, manhwa and comics by name, genre, year and language."),
    )
    rows = found["results"][:_COVERS] if found else []
    cards = [title_card(row, preferences.interface) for row in rows]
    return Screen(head, "catalog/first_screens/browse.html", {"cards": cards})


def watched(visit: Visit, ask: Ask) -> Screen | None:
    """Return the page of a film, an anime or a show; None where it is not found."""
    language = visit.preferences.interface
    title = ask(f"/api/titles/{word_of_address(visit.words['slug'])}")
    if title is None:
        return None
    section = visit.words["section"]
    synopsis = words_of(title["synopsis"], language)
    name = name_in(title["names"], title["name"], language)
    head = Head(
        title=name,
        description=shorten(synopsis),
        image=cover_of_head(title["cover"]),
        kind=_GRAPH_TYPES[section],
        facts={
            "@type": _SCHEMA_TYPES[section],
            "name": name,
            "alternateName": [alias["name"] for alias in title["aliases"]],
            "genre": [words_of(genre["name"], language) for genre in title["genres"]],
            "director": _people(title, "director"),
            "actor": _people(title, "cast"),
            "description": synopsis,
        },
    )
    facts = (Kind(title["kind"]).label, Status(title["status"]).label, title["year"])
    context = {
        "card": title_card(title, language),
        "facts": [str(fact) for fact in facts if fact],
        "synopsis": synopsis,
    }
    return Screen(head, "catalog/first_screens/title.html", context)


def _people(title: dict[str, Any], role: str) -> list[dict[str, str]]:
    names = (credit["person"]["name"] for credit in title["credits"] if credit["role"] == role)
    return [{"@type": "Person", "name": name} for name in names]


_SECTION = f"(?P<section>{'|'.join(SECTIONS.values())})"
WEB_PAGES = (
    WebPage(
        "browse",
        route="/browse",
        parameters=_PARAMETERS,
        screen=browse,
        families=("titles", "popularity"),
    ),
    WebPage("movies/new", route="/[section=watched]/new"),
    WebPage("movies/[^/.]+/edit", route="/[section=watched]/[slug]/edit"),
    WebPage(
        f"{_SECTION}/(?P<slug>[^/.]+)",
        route="/[section=watched]/[slug]",
        screen=watched,
        families=("titles", "popularity", "vocabulary"),
    ),
    # Those that are not listed, which only their owners see.
    WebPage("titles/[^/.]+", route="/titles/[slug]"),
)
