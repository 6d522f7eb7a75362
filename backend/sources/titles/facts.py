"""What a source says of a title, as the catalogue can hold it: nothing of it is trusted.

Facts are those of `catalog.facts`. What cannot be held, such as a year of 99999, is left out: the
rest of the title is worth having.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from catalog.choices import Kind
from catalog.models import Category, Tag, Title
from catalog.slugs import slug_base
from common.languages import parse_language
from sources.contract import FoundTitle

Facts = dict[str, Any]

# The sites whose ids have a column of the title.
ID_SITES = ("anilist", "mal", "mangadex")
_MAX_NAME = 300
_MAX_PERSON = 200
_MAX_ALIASES = 50
_MAX_PEOPLE = 50
_MAX_WORDS = 100
_MAX_SYNOPSIS = 20_000
_MAX_LANGUAGES = 20
_MAX_FORMAT = 20
_MAX_URL = 500
_MAX_LENGTH = 100_000
_MAX_INTEGER = 2**31 - 1
# Categories Cc and Cs: control characters, except for line breaks, and lone surrogates.
_UNWANTED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_is_url = URLValidator(schemes=("http", "https"))


def facts_of(found: FoundTitle) -> Facts:
    """Return the facts of a title as a source has it; empty is what it does not say.

    Its genres and tags are in `words_of`.
    """
    return {
        "name": _line(found.name, _MAX_NAME) or _line(found.original_name, _MAX_NAME) or "?",
        "original_name": _line(found.original_name, _MAX_NAME),
        "original_language": _language(found.original_language),
        "aliases": _aliases(found),
        "synopsis": _synopsis(found.synopsis),
        "status": found.status and found.status.value,
        "content_rating": found.rating and found.rating.value,
        "year": _within(found.year, 1800, 2200),
        "format": _line(found.format, _MAX_FORMAT),
        "length": _within(found.length, 1, _MAX_LENGTH),
        "duration_minutes": _within(found.duration_minutes, 1, _MAX_LENGTH),
        "site_url": clean_url(found.site_url),
        "credits": _credits(found),
    }


def words_of(found: FoundTitle) -> Facts:
    """Return the genres and tags that the catalogue has already; new ones are moderators' to make.

    A word of the source may be a genre here and a tag there, so both are looked for in both.
    """
    words = [*found.genres, *found.tags][:_MAX_WORDS]
    slugs = {slug for word in words if (slug := slug_base(_line(word, _MAX_NAME))[:60])}
    genres = Category.objects.filter(slug__in=slugs).values_list("slug", flat=True)
    tags = Tag.objects.filter(slug__in=slugs).values_list("slug", flat=True)
    return {"genres": sorted(genres), "tags": sorted(tags)}


def ids_of(found: FoundTitle, *, source: str) -> dict[str, int | UUID]:
    """Return the ids that have a column of the title, by site."""
    given = {**found.external_ids, source: found.id}
    ids = {site: read_id(site, given[site]) for site in ID_SITES if site in given}
    return {site: value for site, value in ids.items() if value is not None}


def read_id(site: str, text: str) -> int | UUID | None:
    """Return the id as its column has it; None for what is none."""
    if site == "mangadex":
        try:
            return UUID(text)
        except ValueError:
            return None
    is_number = text.isascii() and text.isdecimal() and len(text) <= 10
    return _within(int(text), 1, _MAX_INTEGER) if is_number else None


def present_facts(title: Title) -> Facts:
    """Return the facts of a title as they are now, in the shape of `facts_of` and `words_of`."""
    columns = (
        "name", "original_name", "original_language", "synopsis", "status", "content_rating",
        "year", "format", "length", "duration_minutes", "site_url",
    )  # fmt: skip
    aliases = title.aliases.order_by("pk").values("name", "language")
    people = title.credits.order_by("position", "pk")
    return {
        **{column: getattr(title, column) for column in columns},
        "aliases": list(aliases),
        "credits": [
            {"person": name, "role": role, "part": part}
            for name, role, part in people.values_list("person__name", "role", "part")
        ],
        "genres": sorted(title.categories.values_list("slug", flat=True)),
        "tags": sorted(title.tags.values_list("slug", flat=True)),
    }


def progress_end(kind: str, *, length: int | None, minutes: int | None) -> int | None:
    """Return how far one can get in a title, in the unit of its kind; None: nobody knows."""
    return (minutes if kind == Kind.MOVIE else length) or None


def clean_url(address: str, most: int = _MAX_URL) -> str:
    """Return an address that may stand in a link, or an empty text."""
    address = address.strip()
    if len(address) > most:
        return ""
    try:
        _is_url(address)
    except ValidationError:
        return ""
    return address


def _line(text: str, most: int) -> str:
    """Return the text in one line, without what nobody can see."""
    plain = unicodedata.normalize("NFC", _UNWANTED.sub(" ", text))
    return " ".join(plain.split())[:most].strip()


def _language(word: str) -> str:
    try:
        return parse_language(word)[:35] if word else ""
    except ValidationError:
        return ""


def _within(number: int | None, least: int, most: int) -> int | None:
    return number if number is not None and least <= number <= most else None


def _aliases(found: FoundTitle) -> list[dict[str, str]]:
    pairs = ((_line(one.name, _MAX_NAME), _language(one.language)) for one in found.aliases)
    known = dict.fromkeys(pair for pair in pairs if pair[0])
    return [{"name": name, "language": language} for name, language in known][:_MAX_ALIASES]


def _synopsis(given: Mapping[str, str]) -> dict[str, str]:
    texts = {
        _language(language): _UNWANTED.sub(" ", text).strip()[:_MAX_SYNOPSIS]
        for language, text in given.items()
    }
    return dict([pair for pair in texts.items() if all(pair)][:_MAX_LANGUAGES])


def _credits(found: FoundTitle) -> list[dict[str, str]]:
    known = dict.fromkeys(
        (name, one.role.value) for one in found.people if (name := _line(one.name, _MAX_PERSON))
    )
    return [{"person": name, "role": role, "part": ""} for name, role in list(known)[:_MAX_PEOPLE]]


def names_of_found(found: FoundTitle) -> Iterable[str]:
    """Return the names that a source knows a title by, the main one first."""
    names = (found.name, found.original_name, *(alias.name for alias in found.aliases))
    return dict.fromkeys(name for one in names[:_MAX_ALIASES] if (name := _line(one, _MAX_NAME)))
