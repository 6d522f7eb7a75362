"""First screens and heads of the web app's pages about titles, and parts that `reader` shares."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from catalog.names import name_in
from common.web_pages import Ask, Head, Screen, Visit, WebPage

# In the order in which the app writes them.
_PARAMETERS = (
    "search", "person", "kind", "status", "rating", "genre", "tag", "exclude_tag",
    "chapter_language", "year_min", "year_max", "ordering",
)  # fmt: skip
_COVERS = 12  # as many as fit the first screen of a wide window


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
        "href": f"/series/{row['slug']}",
        "name": name_in(row["names"], row["name"], language),
        "cover": row.get("cover"),
    }


def words_of(texts: dict[str, str], language: str) -> str:
    """Return a text in the user's language, else in Russian, English or any, as the app does."""
    found = (texts.get(code) for code in (language, "ru", "en"))
    return next(filter(None, found), "") or next(filter(None, texts.values()), "")


def browse(visit: Visit, ask: Ask) -> Screen:
    """Return the first screen of Browse, filtered as its address asks."""
    preferences = visit.preferences
    asked = {"rating": preferences.ratings, **visit.parameters}
    if "search" not in asked:
        asked.setdefault("chapter_language", preferences.languages)
    if "any" in asked.get("chapter_language", ()):
        del asked["chapter_language"]
    written = {name: asked[name] for name in _PARAMETERS if name in asked}
    found = ask(list_address("/api/series", **written))
    head = Head(
        title=_("Browse"),
        description=_("Find manga, manhwa and comics by name, genre, year and language."),
    )
    rows = found["results"][:_COVERS] if found else []
    cards = [title_card(row, preferences.interface) for row in rows]
    return Screen(head, "catalog/first_screens/browse.html", {"cards": cards})


WEB_PAGES = (WebPage("browse", route="/browse", parameters=_PARAMETERS, screen=browse),)
