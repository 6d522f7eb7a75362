"""Questions to sources, in the one spelling by which their answers are kept."""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sources.models import What

_MOST_LETTERS = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What a source is asked; `key` is that of its row."""

    source: str
    what: str
    params: Mapping[str, Any]
    key: str


def question(source: str, what: str, params: Mapping[str, Any]) -> Question:
    """Return the question: whatever means the same has the same key.

    `params` are `query`, `kind` and `adult` of a search, `id` of details, `id` and `languages` of
    chapters.
    """
    match what:
        case What.SEARCH:
            told: dict[str, Any] = {
                "query": fold_query(params["query"]),
                "kind": str(params.get("kind") or ""),
                "adult": bool(params.get("adult")),
            }
        case What.DETAILS:
            told = {"id": str(params["id"])}
        case What.CHAPTERS:
            languages = sorted({str(one) for one in params.get("languages") or ()})
            told = {"id": str(params["id"]), "languages": languages}
        case _:
            raise ValueError(what)
    text = orjson.dumps([source, str(what), told], option=orjson.OPT_SORT_KEYS)
    return Question(source, str(what), told, hashlib.sha256(text).hexdigest())


def fold_query(query: str) -> str:
    """Return a query without what makes no difference: case, width, and spaces at will."""
    return " ".join(unicodedata.normalize("NFKC", query).casefold().split())[:_MOST_LETTERS]
