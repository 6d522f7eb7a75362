"""Turns what another server says into plain values that fit: it is never trusted to be in order.

Each function takes anything that JSON can hold, and returns a value of its type; None or an empty
one stands for what is missing, of another type, or absurd.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

MAX_NAME_CHARS = 300
MAX_PERSON_CHARS = 200
MAX_WORD_CHARS = 100
MAX_TEXT_CHARS = 10_000
MAX_URL_CHARS = 500
MAX_ITEMS = 100
MAX_COUNT = 100_000

_MAX_RAW_CHARS = 20_000
_NUMBER = re.compile(r"[0-9]{1,7}(\.[0-9]{1,3})?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")
_TAG = re.compile(
    r"<(?P<slash>/?)(?P<name>[a-z][a-z0-9]*)\b(?P<rest>[^<>]*)>"
    r"|<!--(?:(?!<!--).)*?-->|<[!?][^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_LINE_TAGS = frozenset({"br", "p", "div", "li", "hr", "tr", "h1", "h2", "h3", "h4", "blockquote"})
_HIDDEN_TAGS = frozenset({"script", "style", "template", "iframe", "object", "svg", "head"})
_SPOILERS = (("~!", "!~"), ("[spoiler]", "[/spoiler]"))  # of AniList, and of BB code
_LINKS = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}\)")
_BB_CODE = re.compile(
    r"\[/?(?:b|i|u|s|url|quote|list|\*|img|h)(?:=[^\[\]]{0,300})?\]", re.IGNORECASE
)
_EMPHASIS = re.compile(r"(\*\*|__|~~|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")
_RULES = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{3,}")


def clean_name(value: Any, max_chars: int = MAX_NAME_CHARS) -> str:
    """Return a line of text without control characters and marks of direction."""
    if not isinstance(value, str):
        return ""
    shown = "".join(
        _shown(letter) for letter in unicodedata.normalize("NFC", value[:_MAX_RAW_CHARS])
    )
    return " ".join(shown.split())[:max_chars].rstrip()


def clean_text(value: Any, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Return plain text of several lines from HTML or Markdown, without its spoilers."""
    if not isinstance(value, str):
        return ""
    plain = value[:_MAX_RAW_CHARS]
    for opening, closing in _SPOILERS:
        plain = _without(plain, opening, closing)
    plain = _text_of_html(_text_of_html(plain))  # twice: some escape what is escaped already
    plain = _RULES.sub("", _BB_CODE.sub("", _LINKS.sub(r"\1", plain)))
    plain = unicodedata.normalize("NFC", _EMPHASIS.sub("", plain))
    lines = ("".join(_shown(letter) for letter in line) for line in plain.splitlines())
    kept = "\n".join(" ".join(line.split()) for line in lines)
    return _EMPTY_LINES.sub("\n\n", kept).strip()[:max_chars].rstrip()


def clean_count(value: Any, *, at_least: int = 0, at_most: int = MAX_COUNT) -> int | None:
    """Return a whole number within bounds, also one that is written as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if at_least <= value <= at_most else None


def clean_year(value: Any) -> int | None:
    """Return a year, also that of a date such as 2019-04-01."""
    return clean_count(value[:4] if isinstance(value, str) else value, at_least=1800, at_most=2200)


def clean_number(value: Any) -> Decimal | None:
    """Return the number of a chapter, such as 10 or "10.5"."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def clean_url(value: Any, max_chars: int = MAX_URL_CHARS) -> str:
    """Return an http or https address without a user in it."""
    if not isinstance(value, str) or not 0 < len(value) <= max_chars:
        return ""
    if not value.isprintable() or " " in value:
        return ""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 (raises where it is none)
    except ValueError:
        return ""
    is_right = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    return value if is_right else ""


def clean_language(value: Any) -> str:
    """Return a language tag in lower case."""
    tag = value.strip().lower().replace("_", "-") if isinstance(value, str) else ""
    return tag if len(tag) <= 35 and _LANGUAGE.fullmatch(tag) else ""


def clean_moment(value: Any) -> datetime | None:
    """Return a time in UTC from ISO 8601."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def as_map(value: Any) -> dict[str, Any]:
    """Return an object; PHP writes an empty one as []."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any, max_items: int = MAX_ITEMS) -> list[Any]:
    """Return a list that is not too long."""
    return value[:max_items] if isinstance(value, list) else []


def inside(value: Any, *names: str) -> Any:
    """Return what lies at a path of objects, or None."""
    for name in names:
        value = as_map(value).get(name)
    return value


def clean_words(values: Any, max_items: int = MAX_ITEMS) -> tuple[str, ...]:
    """Return the different words of a list, such as genres."""
    words = (clean_name(value, MAX_WORD_CHARS) for value in as_list(values, max_items))
    return tuple(dict.fromkeys(word for word in words if word))


def first_name(values: Sequence[Any]) -> str:
    """Return the first value that is a name."""
    return next((name for name in map(clean_name, values) if name), "")


def _without(text: str, opening: str, closing: str) -> str:
    """Return the text without what stands between two marks."""
    first, *others = text.split(opening)
    kept = [first]
    for part in others:
        _hidden, mark, after = part.partition(closing)
        kept.append(after if mark else part)
    return "".join(kept)


def _shown(letter: str) -> str:
    """Return a letter; a space or nothing for what is not one: controls, halves of surrogates,
    marks of direction. Joiners stay, which some scripts need."""
    if letter in "\u200c\u200d":
        return letter
    category = unicodedata.category(letter)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category[0] == "C" else letter


def _text_of_html(text: str) -> str:
    """Return the text between the tags, with a line's end where a tag begins a line.

    The parser of the standard library takes seconds for 20 kB of unclosed tags; this one reads
    each letter once.
    """
    kept: list[str] = []
    hidden = end = 0
    for tag in _TAG.finditer(text):
        if not hidden:
            kept.append(text[end : tag.start()])
        end = tag.end()
        name = (tag["name"] or "").lower()
        is_spoiler = name == "span" and "spoiler" in tag["rest"].lower()
        if tag["slash"]:
            hidden -= bool(hidden) and (name in _HIDDEN_TAGS or name == "span")
        elif name in _HIDDEN_TAGS or is_spoiler or (hidden and name == "span"):
            hidden += 1
        if name in _LINE_TAGS and not (tag["slash"] and name != "p"):
            kept.append("\n")
    if not hidden:
        kept.append(text[end:])
    return html.unescape("".join(kept))
