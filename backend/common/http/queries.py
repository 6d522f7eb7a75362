"""Query strings are checked by serializers, which also describe them in the schema.

A cached view, whose cost is measured, calls `parse_query` and answers with `page_body`; other lists
are `ListAPIView`s with a `FilterSet` and a class of `common.http.pagination`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from common.http.errors import Invalid, invalid_fields

Query = serializers.Serializer[None]
_MAX_LANGUAGES = 10


class RepeatedField(serializers.ListField):
    """A parameter that may be given many times, or with commas, in any order.

    `max_length` says how many different ones count.
    """

    default_error_messages = {"max_length": _("At most {max_length} of these at once.")}

    def __init__(self, **options: Any) -> None:
        # Not a list: one serializer serves all requests, which would share it.
        super().__init__(**{"default": (), **options})

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the values; an error in any of them is reported for the parameter."""
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        try:
            return super().to_internal_value(data)
        except ValidationError as error:
            by_index: Any = error.detail
            raise ValidationError(
                [text for texts in by_index.values() for text in texts]
            ) from error


# A client may send one text, with commas or without, or a list.
@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
class LanguagesField(RepeatedField):
    """A parameter of language tags, which are kept in lower case."""

    child = serializers.CharField(max_length=35)

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": _MAX_LANGUAGES, **options})

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the tags as chapters have them."""
        return [tag.lower() for tag in super().to_internal_value(data)]


class Paging(Query):
    """The page of a list."""

    page = serializers.IntegerField(default=1, min_value=1, max_value=10_000)
    page_size = serializers.IntegerField(default=24, min_value=1, max_value=100)


class CursorPaging(Query):
    """The page of a list that grows without end."""

    cursor = serializers.CharField(default="", max_length=100, allow_blank=True)
    page_size = serializers.IntegerField(default=24, min_value=1, max_value=100)


@dataclass(frozen=True)
class _Reader:
    """The parts of a serializer of parameters; they serve all requests, as building it is slow.

    Only the fields of given parameters run; the others have known defaults.
    """

    fields: dict[str, serializers.Field[Any, Any, Any, Any]]
    is_list: dict[str, bool]
    defaults: dict[str, Any]


@cache
def _reader(query: type[Query]) -> _Reader:
    fields = dict(query().fields)
    is_list = {name: isinstance(field, serializers.ListField) for name, field in fields.items()}
    return _Reader(fields, is_list, query().run_validation({}))


def parse_query(query: type[Query], asked: QueryDict) -> dict[str, Any]:
    """Return the parameters that `query` has fields for; raises Invalid with texts by parameter."""
    reader = _reader(query)
    values = given_values(asked, reader.is_list)
    try:
        found = {name: reader.fields[name].run_validation(value) for name, value in values.items()}
    except ValidationError:
        # By a new serializer: DRF makes the message of a limit once, in the language of that
        # request.
        raise _refusal(query(), values) from None
    return reader.defaults | found


def _refusal(query: Query, values: dict[str, Any]) -> Invalid:
    try:
        query.run_validation(values)
    except ValidationError as error:
        return invalid_fields(error)
    raise AssertionError(f"{type(query).__name__} has refused {values}, and takes it")


def given_values(asked: QueryDict, names: dict[str, bool]) -> dict[str, Any]:
    """Return what was given for these names, in lists where a name says True.

    What is empty was not asked, and what stands there twice is asked once. Lists are sorted: the
    order in which they were asked for means nothing.
    """
    values: dict[str, Any] = {}
    for name in asked:
        is_list = names.get(name)
        if is_list is None:
            continue
        given: Any = asked[name]
        if is_list:
            given = _split(asked.getlist(name))
        if given:
            values[name] = given
    return values


def _split(given: Iterable[str]) -> list[str]:
    return sorted({value for text in given for value in text.split(",") if value})


def canonical_address(query: type[Query], asked: QueryDict) -> str:
    """Return the parameters as one text that is the same for all that `query` reads alike."""
    is_list = _reader(query).is_list
    pairs = [
        (name, value)
        for name in sorted(asked)
        for value in (_split(asked.getlist(name)) if is_list.get(name) else [asked[name]])
    ]
    return urlencode(pairs)


def page_links(request: HttpRequest, *, page: int, has_next: bool) -> dict[str, str | None]:
    """Return `next` and `previous` as paths of the same list."""

    def link(number: int) -> str:
        pairs = [(k, v) for k, values in request.GET.lists() for v in values if k != "page"]
        return f"{request.path}?{urlencode([*pairs, ('page', number)])}"

    return {
        "next": link(page + 1) if has_next else None,
        "previous": link(page - 1) if page > 1 else None,
    }


def page_body(
    request: HttpRequest, results: Sequence[Any], *, count: int, page: int, page_size: int
) -> dict[str, Any]:
    """Return the body of a cached view's list, which has no queryset for a paginator."""
    return {
        "count": count,
        **page_links(request, page=page, has_next=page * page_size < count),
        "results": results,
    }
