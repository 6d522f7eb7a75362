"""Pagination of lists that are not cached: DRF's classes, with the same answers as cached views.

An impossible parameter is refused, as cached views do, where DRF would silently use another value;
links are paths.
"""

from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination, PageNumberPagination
from rest_framework.request import Request
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
        return list_schema(schema, {"count": {"type": "integer"}})


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
        return list_schema(schema, {})


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


def list_schema(rows: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    link = {"type": "string", "nullable": True}
    properties = {**more, "next": link, "previous": link, "results": rows}
    return {"type": "object", "properties": properties, "required": list(properties)}
