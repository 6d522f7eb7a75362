"""Answers as bytes of a row: the contract's values as compressed JSON, of a bounded size."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import orjson

from sources.contract import FoundChapter, FoundTitle, Unreadable
from sources.models import What

Value = list[FoundTitle] | FoundTitle | list[FoundChapter]
_Read = Callable[[Any], Any]

_MOST_TITLES = 50
_MOST_CHAPTERS = 5_000
_MOST_JSON_BYTES = 8 * 2**20
_MOST_PACKED_BYTES = 2**20
_TYPES: dict[str, Any] = {
    What.SEARCH: tuple[FoundTitle, ...],
    What.DETAILS: FoundTitle,
    What.CHAPTERS: tuple[FoundChapter, ...],
}


def bounded(what: str, value: FoundTitle | Sequence[Any]) -> Value:
    """Return the value with as many entries as are kept."""
    if isinstance(value, FoundTitle):
        return value
    return list(value[: _MOST_TITLES if what == What.SEARCH else _MOST_CHAPTERS])


def pack(what: str, value: Value) -> bytes:
    """Return the bytes that are kept; raises Unreadable for what the contract does not allow."""
    try:
        plain = orjson.dumps(value, default=_decimal_as_text)
        _reader(_TYPES[what])(orjson.loads(plain))
    except (TypeError, ValueError, InvalidOperation) as error:
        raise Unreadable("The values of a plug-in are not those of the contract.") from error
    packed = zlib.compress(plain, 6)
    if len(plain) > _MOST_JSON_BYTES or len(packed) > _MOST_PACKED_BYTES:
        raise Unreadable("The answer is too long.")
    return packed


def unpack(what: str, packed: bytes) -> Value | None:
    """Return the value; None where it was kept by a version that knew other fields."""
    try:
        value: Value = _reader(_TYPES[what])(orjson.loads(zlib.decompress(packed)))
    except (TypeError, ValueError, InvalidOperation):
        return None
    return value if isinstance(value, FoundTitle) else list(value)  # type: ignore[return-value]


def plain_title(title: FoundTitle) -> Any:
    """Return a title as JSON has it, for a row of its own; `title_of` reads it."""
    return orjson.loads(orjson.dumps(title, default=_decimal_as_text))


def title_of(plain: Any) -> FoundTitle | None:
    """Return the title; None where it was kept by a version that knew other fields."""
    try:
        title: FoundTitle = _reader(FoundTitle)(plain)
    except (TypeError, ValueError, InvalidOperation):
        return None
    return title


def _decimal_as_text(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value))


@cache
def _reader(kind: Any) -> _Read:
    """Return what makes values of a type out of JSON; it raises TypeError or ValueError."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:  # with None only
        return _optional(_reader(inner[0]))
    if origin is tuple:
        return _many(_reader(inner[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _texts
    if is_dataclass(kind):
        return _dataclass(kind)
    if kind is datetime:
        return datetime.fromisoformat
    if kind is Decimal or issubclass(kind, Enum):
        return _from_text(kind)
    return _plain(kind)


def _optional(read: _Read) -> _Read:
    return lambda value: None if value is None else read(value)


def _many(read: _Read) -> _Read:
    def read_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TypeError(value)
        return tuple([read(one) for one in value])

    return read_all


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise TypeError(value)
    return value


def _dataclass(kind: Any) -> _Read:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def read(value: Any) -> Any:
        if not isinstance(value, dict) or not value.keys() <= readers.keys():
            raise TypeError(value)
        return kind(**{name: readers[name](part) for name, part in value.items()})

    return read


def _from_text(kind: Any) -> _Read:
    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise TypeError(value)
        return kind(value)

    return read


def _plain(kind: Any) -> _Read:
    def read(value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError(value)
        return value

    return read
