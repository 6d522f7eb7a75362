"""Which sources know a title: `catalog.rows` shows it with the title."""

from functools import lru_cache
from typing import Any

from common.compiled_rows import CompiledQuery, Placeholder, compile_rows
from sources.models import SourceTitle
from sources.registry import all_sources

_TITLE = Placeholder("title")


def DETAILS_OF(title_id: int) -> dict[str, Any]:  # noqa: N802 (the name that is looked for)
    """Return the sources of a title, the main one first, with what has to be said of each."""
    known = all_sources()
    rows = _sources().rows({_TITLE: title_id})
    return {
        "sources": [
            {
                "name": name,
                "label": known[name].label if name in known else name,
                "site_url": site_url,
                "credits": known[name].credits if name in known else "",
            }
            for name, site_url in rows
        ]
    }


@lru_cache(maxsize=1)
def _sources() -> CompiledQuery:
    of_title = SourceTitle.objects.filter(title=_TITLE).order_by("pk")
    return compile_rows(of_title, ("source", "site_url"))
