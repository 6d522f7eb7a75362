"""First screens and heads of the web app's pages about reading.

The first requests of each page stand here, written exactly as the app writes them; a browser test
fails where the app sends one of them again (`tests/processes/test_first_visit.py`).
"""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.choices import Kind, Status
from catalog.names import name_in
from catalog.web_pages import (
    cover_of_head,
    list_address,
    shorten,
    title_card,
    word_of_address,
    words_of,
)
from common.web_pages import Ask, Head, Screen, Visit, WebPage

_NEWS = 6  # as many as fit the first screen, in a wide window too
_COVERS = 12
_CHAPTERS = 12
_CHAPTERS_OF_NEWS = 3


def home(visit: Visit, ask: Ask) -> Screen:
    """Return the home page: the latest chapters, popular titles and new titles."""
    preferences = visit.preferences
    languages, ratings = preferences.languages, preferences.ratings
    latest = ask(list_address("/api/chapters", language=languages, rating=ratings))
    popular, newest = (
        ask(
            list_address(
                "/api/series",
                rating=ratings,
                chapter_language=languages,
                ordering=[ordering],
                page_size=[str(_COVERS)],
            )
        )
        for ordering in ("popular", "newest")
    )
    head = Head(
        description=_("Read manga, manhwa and comics in Kyrgyz, Russian and English."),
        facts={"@type": "WebSite", "name": settings.SITE_NAME, "url": f"{settings.SITE_URL}/"},
    )
    cards = [
        [title_card(row, preferences.interface) for row in found["results"]] if found else []
        for found in (popular, newest)
    ]
    context = {
        "news": _by_series(latest["results"] if latest else [], preferences.interface)[:_NEWS],
        "rows": ((_("Popular this week"), cards[0]), (_("New series"), cards[1])),
    }
    return Screen(head, "reader/first_screens/home.html", context)


def _by_series(chapters: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    news: dict[int, dict[str, Any]] = {}
    for row in chapters:
        card = news.setdefault(
            row["series"]["id"], {**title_card(row["series"], language), "chapters": []}
        )
        if len(card["chapters"]) < _CHAPTERS_OF_NEWS:
            card["chapters"].append(_chapter_link(row))
    return list(news.values())


def _chapter_link(row: dict[str, Any]) -> dict[str, str]:
    name = _chapter_name(row)
    title = row["title"]
    return {"href": f"/read/{row['id']}", "name": f"{name}: {title}" if title else name}


def series(visit: Visit, ask: Ask) -> Screen | None:
    """Return the page of a series with its newest chapters; None where it is not found."""
    address = f"/api/series/{word_of_address(visit.words['slug'])}"
    title = ask(address)
    if title is None:
        return None
    preferences, language = visit.preferences, visit.preferences.interface
    has_own = any(tag in preferences.languages for tag in title.get("languages", ()))
    chapters = ask(
        list_address(
            f"{address}/chapters",
            language=preferences.languages if has_own else (),
            ordering=["newest"],
            page_size=["100"],
        )
    )
    synopsis = words_of(title["synopsis"], language)
    name = name_in(title["names"], title["name"], language)
    head = Head(
        title=name,
        description=shorten(synopsis) or _("Read {name} online.").format(name=name),
        image=cover_of_head(title["cover"]),
        kind="book",
        facts={
            "@type": "ComicSeries",
            "name": name,
            "alternateName": [alias["name"] for alias in title["aliases"]],
            "genre": [words_of(genre["name"], language) for genre in title["genres"]],
            "author": [
                {"@type": "Person", "name": credit["person"]["name"]} for credit in title["credits"]
            ],
            "description": synopsis,
        },
    )
    facts = (Kind(title["kind"]).label, Status(title["status"]).label, title["year"])
    context = {
        "card": title_card(title, language),
        "facts": [str(fact) for fact in facts if fact],
        "chapters": [
            _chapter_link(row) for row in (chapters["results"][:_CHAPTERS] if chapters else ())
        ],
    }
    return Screen(head, "reader/first_screens/series.html", context)


def chapter(visit: Visit, ask: Ask) -> Screen | None:
    """Return the page of a chapter; None where it is not found.

    The app decides which page is shown first and in which size.
    """
    found = ask(f"/api/chapters/{visit.words['chapter']}")
    if found is None:
        return None
    title = ask(f"/api/series/{word_of_address(found['series']['slug'])}")
    series = found["series"]
    name = name_in(series["names"], series["name"], visit.preferences.interface)
    label = _chapter_name(found)
    head = Head(
        title=f"{name} · {label}",
        description=_("{name}, {chapter}: read it online.").format(name=name, chapter=label),
        image=cover_of_head(title["cover"]) if title else None,
        kind="article",
        facts={
            "@type": "ComicIssue",
            "name": label,
            "issueNumber": found["number"],
            "inLanguage": found["language"],
            "numberOfPages": found["page_count"],
            "isPartOf": {"@type": "ComicSeries", "name": name},
        },
    )
    context = {"heading": head.title, "pages": found["pages"]}
    return Screen(head, "reader/first_screens/chapter.html", context)


def _chapter_name(chapter: dict[str, Any]) -> str:
    if chapter["number"] is None:
        return _("One-shot")
    return _("Chapter {number}").format(number=chapter["number"])


# Both ask for the series, and for its chapters.
_OF_SERIES = ("chapters", "titles", "popularity", "vocabulary")

WEB_PAGES = (
    WebPage("", route="/", screen=home, families=("chapters", "titles", "popularity")),
    WebPage("upload", route="/upload"),
    WebPage("series/(?P<slug>[^/.]+)", route="/series/[slug]", screen=series, families=_OF_SERIES),
    WebPage(
        "read/(?P<chapter>[0-9]+)",
        route="/read/[chapter=id]",
        screen=chapter,
        families=_OF_SERIES,
        has_bar=False,
    ),
)
