"""Answers as bytes of a row: the contract's values as compressed JSON, of a bounded size."""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sources.contract import FoundChapter, FoundTitle, Unreadable
from sources.models import What

Value = list[FoundTitle] | FoundTitle | list[FoundChapter]

_MOST_TITLES = 50
_MOST_CHAPTERS = 5_000
_MOST_JSON_BYTES = 8 * 2**20
_MOST_PACKED_BYTES = 2**20


@lru_cache(maxsize=len(What))
def _adapter(what: str) -> TypeAdapter[Any]:
    types: dict[str, Any] = {
        What.SEARCH: list[FoundTitle],
        What.DETAILS: FoundTitle,
        What.CHAPTERS: list[FoundChapter],
    }
    return TypeAdapter(types[what])


def bounded(what: str, value: FoundTitle | Sequence[Any]) -> Value:
    """Return the value with as many entries as are kept."""
    if isinstance(value, FoundTitle):
        return value
    return list(value[: _MOST_TITLES if what == What.SEARCH else _MOST_CHAPTERS])


def pack(what: str, value: Value) -> bytes:
    """Return the bytes that are kept; raises Unreadable where a source says too much."""
    try:
        plain = _adapter(what).dump_json(value, warnings="error")
    except ValueError as error:  # of a type that the contract does not know, or no text
        raise Unreadable("The values of a plug-in are not those of the contract.") from error
    packed = zlib.compress(plain, 6)
    if len(plain) > _MOST_JSON_BYTES or len(packed) > _MOST_PACKED_BYTES:
        raise Unreadable("The answer is too long.")
    return packed


def unpack(what: str, packed: bytes) -> Value | None:
    """Return the value; None where it was kept by a version that knew other fields."""
    try:
        value: Value = _adapter(what).validate_json(zlib.decompress(packed))
    except ValidationError:
        return None
    return value
