"""Pagination of lists that are not cached: DRF's classes, with the same answers as cached views.

An impossible parameter is refused, as cached views do, where DRF would silently use another value;
links are paths.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
from django.core.paginator import Paginator
from django.db.models import BinaryField, BooleanField, DateTimeField, F, Func, QuerySet, Value
from django.http import QueryDict
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import (
    BasePagination,
    Cursor,
    CursorPagination,
    PageNumberPagination,
)
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from common.http.errors import Invalid
from common.http.queries import CursorPaging, Paging, Query, given_values, page_links, parse_query
from common.http.responses import PrivateResponse


class FilterBackend(DjangoFilterBackend):
    """django-filter, but an empty parameter counts as not given."""

    def get_filterset_kwargs(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> dict[str, Any]:
        """Return the arguments of the view's FilterSet."""
        given = QueryDict(mutable=True)
        names = dict.fromkeys(request.query_params, True)
        for name, values in given_values(request.query_params, names).items():
            given.setlist(name, values)
        return {**super().get_filterset_kwargs(request, queryset, view), "data": given}


class _OpenPaginator(Paginator):  # type: ignore[type-arg]
    def validate_number(self, number: Any) -> int:
        """Accept any number: `Paging` has checked it, and pages after the last one are empty."""
        return int(number)


class NumberedPages(PageNumberPagination):
    """Pages by their number, with the count of all rows."""

    django_paginator_class = _OpenPaginator

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return the rows of the page that is asked for."""
        self.asked = parse_query(Paging, request.query_params)
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        """Return how many rows a page has."""
        size: int = self.asked["page_size"]
        return size

    def get_page_number(self, request: Request, paginator: "Paginator[Any]") -> int:
        """Return which page is asked for."""
        page: int = self.asked["page"]
        return page

    def get_paginated_response(self, data: Any) -> PrivateResponse:
        """Answer as `page_body` does."""
        request: Any = self.request
        page: Any = self.page
        links = page_links(request._request, page=page.number, has_next=page.has_next())
        return PrivateResponse({"count": page.paginator.count, **links, "results": data})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Tell the schema of the parameters."""
        return parameters_of(view, Paging)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Tell the schema of the answer."""
        return _list_schema(schema, {"count": {"type": "integer"}})


class CursorPages(CursorPagination):
    """Pages by a cursor, for lists that grow at their beginning."""

    ordering: tuple[str, ...] = ("-created_at", "-pk")

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return the rows of the page that is asked for."""
        self.asked = parse_query(CursorPaging, request.query_params)
        rows: list[Any] | None = super().paginate_queryset(queryset, request, view)
        self.base_url = request.get_full_path()
        return rows

    def get_page_size(self, request: Request) -> int:
        """Return how many rows a page has."""
        size: int = self.asked["page_size"]
        return size

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor; raises Invalid for one that no answer of ours has named."""
        if not self.asked["cursor"]:
            return None
        try:
            cursor: Any = super().decode_cursor(request)  # typed as if positions were numbers
            if cursor == Cursor(0, False, None):  # DRF reads other broken cursors as the beginning
                raise ValueError(cursor)
            if cursor.position is None:
                return Cursor(cursor.offset, cursor.reverse, None)
            position: Any = self.read_position(cursor.position)
            return Cursor(cursor.offset, cursor.reverse, position)
        except (NotFound, ValueError, OverflowError) as error:
            message = _("This place in the list is not known.")
            raise Invalid(message, fields={"cursor": [message]}) from error

    def read_position(self, position: str) -> str:
        """Return the position that a cursor names, to be compared with the first of `ordering`.

        It is a time here. Raises ValueError for other text.
        """
        moment = datetime.fromisoformat(position)
        if moment.tzinfo is None:
            raise ValueError(position)
        return moment.astimezone(UTC).isoformat()

    def get_paginated_response(self, data: Any) -> PrivateResponse:
        """Answer with links to the next and the previous page."""
        links = {"next": self.get_next_link(), "previous": self.get_previous_link()}
        return PrivateResponse({**links, "results": data})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Tell the schema of the parameters."""
        return parameters_of(view, CursorPaging)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Tell the schema of the answer."""
        return _list_schema(schema, {})


class _Beyond(Func):
    """`(column, id) < (value, id)`: rows beyond another one, found in an index of the two."""

    output_field = BooleanField()

    def __init__(self, column: str, sign: str, value: Value, pk: int) -> None:
        super().__init__(F(column), F("pk"), value, Value(pk))
        self.sign = sign

    def as_sql(  # type: ignore[override] # it has no function and no template
        self, compiler: Any, connection: Any, **options: Any
    ) -> tuple[str, Any]:
        """Return a comparison of two rows of values."""
        texts, params = zip(*map(compiler.compile, self.source_expressions), strict=True)
        sql = f"({texts[0]}, {texts[1]}) {self.sign} ({texts[2]}, {texts[3]})"
        return sql, [value for some in params for value in some]


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two rows of a list: behind the row with this value and id, or before it."""

    value: Any
    pk: int
    is_backwards: bool


class KeysetPaging(CursorPaging):
    """The page of a list whose cursors hold the values that it is sorted by."""

    cursor = serializers.CharField(default="", max_length=2000, allow_blank=True)


class KeysetPages(BasePagination):
    """Pages by a cursor, for long lists in several orders, by columns that many rows may share.

    DRF's cursor counts rows that share a value, and loses its way among more than a thousand. The
    rows are dicts or instances that have the columns of `orders`; `query` says which page and
    which order is asked for.
    """

    query: ClassVar[type[KeysetPaging]] = KeysetPaging
    # By the value of `ordering`: a column, and True where the greatest value comes first. A list
    # in one order has no such parameter, and "" here.
    orders: ClassVar[Mapping[str, tuple[str, bool]]]

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return the rows of the page that is asked for."""
        asked = parse_query(self.query, request.query_params)
        self.column, is_descending = self.orders[asked.get("ordering", "")]
        self.field = queryset.model._meta.get_field(self.column)
        self.path = request.get_full_path()
        place = self._read(asked["cursor"]) if asked["cursor"] else None
        is_backwards = place is not None and place.is_backwards
        goes_down = is_descending != is_backwards
        sign = "-" if goes_down else ""
        rows = queryset.order_by(f"{sign}{self.column}", f"{sign}pk")
        if place is not None:
            value = Value(place.value, output_field=self.field)
            rows = rows.filter(_Beyond(self.column, "<" if goes_down else ">", value, place.pk))
        found = list(rows[: asked["page_size"] + 1])
        has_more = len(found) > asked["page_size"]
        found = found[: asked["page_size"]]
        if is_backwards:
            found.reverse()
        is_inside = place is not None
        has_next, has_previous = (is_inside, has_more) if is_backwards else (has_more, is_inside)
        self.next = self._link(found[-1], is_backwards=False) if found and has_next else None
        self.previous = self._link(found[0], is_backwards=True) if found and has_previous else None
        return found

    def _link(self, row: Any, *, is_backwards: bool) -> str:
        value, pk = (
            (row[self.column], row["id"])
            if isinstance(row, dict)
            else (getattr(row, self.column), row.pk)
        )
        if isinstance(self.field, BinaryField):
            value = bytes(value).hex()
        elif isinstance(self.field, DateTimeField):
            value = value.isoformat()  # orjson's would have no microseconds
        cursor = base64.urlsafe_b64encode(orjson.dumps([value, pk, is_backwards])).decode()
        return replace_query_param(self.path, "cursor", cursor)

    def _read(self, cursor: str) -> Place:
        try:
            value, pk, is_backwards = orjson.loads(base64.b64decode(cursor, b"-_", validate=True))
            if isinstance(self.field, BinaryField):
                value = bytes.fromhex(value)
            elif isinstance(self.field, DateTimeField):
                value = datetime.fromisoformat(value).astimezone(UTC)
            elif type(value) is not int or not -(2**31) <= value < 2**31:
                raise ValueError(value)
            if type(pk) is not int or not 0 <= pk < 2**63:
                raise ValueError(pk)
        except (ValueError, TypeError, OverflowError, binascii.Error) as error:
            message = _("This place in the list is not known.")
            raise Invalid(message, fields={"cursor": [message]}) from error
        return Place(value, pk, is_backwards is True)

    def get_paginated_response(self, data: Any) -> PrivateResponse:
        """Answer with links to the next and the previous page."""
        return PrivateResponse({"next": self.next, "previous": self.previous, "results": data})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Tell the schema of the parameters."""
        return parameters_of(view, self.query)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Tell the schema of the answer."""
        return _list_schema(schema, {})


class CountedCursorPages(CursorPages):
    """Pages by a cursor, for lists in the order of a number."""

    ordering = ("pk",)

    def read_position(self, position: str) -> str:
        """Return the number that a cursor names; raises ValueError for other text."""
        number = int(position)
        if abs(number) >= 2**63:
            raise ValueError(position)
        return str(number)


def parameters_of(view: Any, query: type[Query]) -> list[dict[str, Any]]:
    """Describe a serializer of parameters to the schema."""
    fields: dict[str, Any] = view.schema.map_query(query)
    return [{"in": "query", "name": name, "schema": schema} for name, schema in fields.items()]


def _list_schema(rows: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    link = {"type": "string", "nullable": True}
    properties = {**more, "next": link, "previous": link, "results": rows}
    return {"type": "object", "properties": properties, "required": list(properties)}
