"""Which sources know a title: `catalog.rows` shows it with the title."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils import translation

from common.compiled_rows import CompiledQuery, Placeholder, compile_rows
from sources.models import SourceTitle
from sources.registry import all_sources

_TITLE = Placeholder("title")


def DETAILS_OF(title_id: int) -> dict[str, Any]:  # noqa: N802 (the name that is looked for)
    """Return the sources of a title, the main one first, with what has to be said of each."""
    rows = _sources().rows({_TITLE: title_id})
    return {"sources": [{**_words_of(name), "site_url": site_url} for name, site_url in rows]}


def _words_of(name: str) -> dict[str, Any]:
    """Return what a source is called and what has to be said of it, in all our languages.

    The answer is kept for readers of each language alike.
    """
    source = all_sources().get(name)
    return {
        "name": name,
        "label": _in_our_languages(name if source is None else source.label),
        "credits": _in_our_languages("" if source is None else source.credits),
    }


def _in_our_languages(text: object) -> dict[str, str]:
    words = {}
    for language, _label in settings.LANGUAGES:
        with translation.override(language):
            words[language] = str(text)
    return words


@lru_cache(maxsize=1)
def _sources() -> CompiledQuery:
    of_title = SourceTitle.objects.filter(title=_TITLE).order_by("pk")
    return compile_rows(of_title, ("source", "site_url"))
