"""Query strings: typed, checked, told to the schema, and lists answered page by page."""

from collections.abc import Sequence
from typing import Any, TypeVar, get_origin
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from pydantic import BaseModel, Field, ValidationError

from common.http.errors import Invalid

Query = TypeVar("Query", bound=BaseModel)


class Paging(BaseModel):
    """Which part of a list."""

    page: int = Field(default=1, ge=1, le=10_000)
    page_size: int = Field(default=24, ge=1, le=100)


def parse_query(model: type[Query], asked: QueryDict) -> Query:
    """Return the parameters of a request; raises Invalid with one text a parameter."""
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in asked:
            is_list = get_origin(field.annotation) is list
            # What stands there twice is asked once.
            values[name] = (
                [value for value in dict.fromkeys(asked.getlist(name)) if value]
                if is_list
                else asked[name]
            )
            if values[name] == "":
                del values[name]
            elif "\0" in "".join(values[name]):  # no database looks for it
                raise _impossible({name: ["".join(values[name])]})
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found: dict[str, list[str]] = {}
        for problem in error.errors():
            name = str(problem["loc"][0])
            if problem["type"] == "too_long":
                raise _too_many(name, problem["ctx"]["max_length"]) from error
            found.setdefault(name, []).append(str(problem["input"]))
        raise _impossible(found) from error


def _impossible(values: dict[str, list[str]]) -> Invalid:
    sentence = _("“%(value)s” is not possible here.")
    fields = {
        name: [sentence % {"value": value[:60]} for value in found]
        for name, found in values.items()
    }
    return Invalid(next(iter(fields.values()))[0], fields=fields)


def _too_many(name: str, max_length: int) -> Invalid:
    sentence = _("At most %(max)d of these at once.") % {"max": max_length}
    return Invalid(sentence, fields={name: [sentence]})


def query_parameters(model: type[BaseModel]) -> list[OpenApiParameter]:
    """Describe a model's parameters to the schema, from the same declarations."""
    properties = model.model_json_schema(ref_template="{model}")
    shapes = properties.get("$defs", {})
    found = []
    for name, shape in properties["properties"].items():
        found.append(
            OpenApiParameter(name, _resolved(shape, shapes), OpenApiParameter.QUERY, many=False)
        )
    return found


def _resolved(shape: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in shape:
        shape = {**shapes[shape["$ref"]], **{k: v for k, v in shape.items() if k != "$ref"}}
    if "anyOf" in shape:  # `X | None`: absent or X
        shape = next(option for option in shape["anyOf"] if option.get("type") != "null")
    shape = {key: value for key, value in shape.items() if key not in {"title", "description"}}
    if "items" in shape:
        shape["items"] = _resolved(shape["items"], shapes)
    return shape


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
    request: HttpRequest, results: Sequence[Any], *, count: int, paging: Paging
) -> dict[str, Any]:
    """Return a list's answer."""
    has_next = paging.page * paging.page_size < count
    return {
        "count": count,
        **page_links(request, page=paging.page, has_next=has_next),
        "results": results,
    }
