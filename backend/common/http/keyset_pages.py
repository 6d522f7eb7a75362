"""Pagination of long lists in several orders, each read from an index of two columns."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
from django.db.models import BinaryField, BooleanField, DateTimeField, F, Func, Value
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from common.http.errors import Invalid
from common.http.pagination import list_schema, parameters_of
from common.http.queries import CursorPaging, parse_query
from common.http.responses import PrivateResponse


class _Beyond(Func):
    """`(column, tie) < (value, tie)`: rows beyond another one, found in an index of the two."""

    output_field = BooleanField()

    def __init__(self, columns: tuple[str, str], sign: str, value: Value, tie: int) -> None:
        super().__init__(*map(F, columns), value, Value(tie))
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
    """A place between two rows of a list: behind the row with this value and tie, or before it."""

    value: Any
    tie: int
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
    # A column of numbers that tells rows with one value apart. For long lists it is not the primary
    # key: in SQLite that is the row's own number, and a comparison of two columns does not use it.
    tie: ClassVar[str] = "id"
    # Where given, rows are dicts of these columns, `tie` and the column that they are sorted by.
    columns: ClassVar[tuple[str, ...]] = ()

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
        rows = queryset.order_by(f"{sign}{self.column}", f"{sign}{self.tie}")
        if place is not None:
            value = Value(place.value, output_field=self.field)
            columns = (self.column, self.tie)
            rows = rows.filter(_Beyond(columns, "<" if goes_down else ">", value, place.tie))
        if self.columns:
            rows = rows.values(*self.columns, self.tie, self.column)
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
        value, tie = (
            row[column] if isinstance(row, dict) else getattr(row, column)
            for column in (self.column, self.tie)
        )
        if isinstance(self.field, BinaryField):
            value = bytes(value).hex()
        elif isinstance(self.field, DateTimeField):
            value = value.isoformat()  # orjson's would have no microseconds
        cursor = base64.urlsafe_b64encode(orjson.dumps([value, tie, is_backwards])).decode()
        return replace_query_param(self.path, "cursor", cursor)

    def _read(self, cursor: str) -> Place:
        try:
            value, tie, is_backwards = orjson.loads(base64.b64decode(cursor, b"-_", validate=True))
            if isinstance(self.field, BinaryField):
                value = bytes.fromhex(value)
            elif isinstance(self.field, DateTimeField):
                value = datetime.fromisoformat(value).astimezone(UTC)
            elif type(value) is not int or not -(2**31) <= value < 2**31:
                raise ValueError(value)
            if type(tie) is not int or not 0 <= tie < 2**63:
                raise ValueError(tie)
        except (ValueError, TypeError, OverflowError, binascii.Error) as error:
            message = _("This place in the list is not known.")
            raise Invalid(message, fields={"cursor": [message]}) from error
        return Place(value, tie, is_backwards is True)

    def get_paginated_response(self, data: Any) -> PrivateResponse:
        """Answer with links to the next and the previous page."""
        return PrivateResponse({"next": self.next, "previous": self.previous, "results": data})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Tell the schema of the parameters."""
        return parameters_of(view, self.query)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Tell the schema of the answer."""
        return list_schema(schema, {})
