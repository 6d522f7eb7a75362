"""GET /api/titles and /api/titles/{id or slug}; /api/categories and /api/tags."""

from array import array
from functools import lru_cache, partial
from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from accounts.api.cached_views import CachedView
from accounts.models import User
from catalog.api.shapes import NamesListShape, TitleRowShape, TitleShape
from catalog.api.title_query import TitleQuery, title_queryset
from catalog.models import Category, Tag, Title, TitleQuerySet
from catalog.rows import (
    compile_detail,
    compile_titles,
    detail_of,
    in_order,
    public_title_rows,
    rows_of_titles,
    title_detail,
    title_rows,
)
from common.compiled_rows import CompiledQuery
from common.http.errors import Forbidden, NotFound
from common.http.queries import page_body, parse_query, query_parameters
from common.http.responses import PrivateResponse
from common.http.shapes import page_shape, refusals

SCOPE = OpenApiParameter(
    "scope",
    enum=["mine", "all"],
    description="mine: what you made; all: everything, for moderators",
)

# What no title is called; put for its name or id when a query is compiled.
_NO_ID, _NO_SLUG = 10**17, "-stand-in-"


def is_id(word: str) -> bool:
    """True for a word that is a row's id."""
    return word.isascii() and word.isdecimal() and len(word) < 19


def find_titles(titles: TitleQuerySet, id_or_slug: str) -> TitleQuerySet:
    """Return the one of `titles` that the word stands for: an id, `p-<id>` or a slug."""
    number = id_or_slug.removeprefix("p-")
    if is_id(number):
        return titles.filter(pk=int(number))
    return titles.filter(slug=id_or_slug)


@lru_cache(maxsize=256)
def _public_titles(model: type[Title], filters: str) -> CompiledQuery:
    query = TitleQuery.model_validate_json(filters)
    return compile_titles(title_queryset(query, model.objects.all().public())[0])


@lru_cache(maxsize=8)
def _public_title(model: type[Title], stand_in: str) -> CompiledQuery:
    return compile_detail(find_titles(model.objects.all().public(), stand_in))


def _rank_titles(model: type[Title], query: TitleQuery) -> "array[int]":
    return array("q", title_queryset(query, model.objects.all().public())[1])


def _count_titles(model: type[Title], query: TitleQuery) -> int:
    return title_queryset(query, model.objects.all().public())[0].count()


class TitleListView(CachedView):
    """Titles of every kind, filtered, searched and ordered."""

    titles: ClassVar[type[Title]] = Title

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        query = parse_query(TitleQuery, request.GET)
        filters = query.filters()
        what = f"{self.titles.__name__} {filters}"
        start = (query.page - 1) * query.page_size
        if query.is_ranked:
            ids = self.once(what, partial(_rank_titles, self.titles, query))
            shown = public_title_rows(self.titles, ids[start : start + query.page_size])
            return page_body(request, shown, count=len(ids), paging=query)
        if query.search.strip():
            return self.body(request, self.titles.objects.all().public())
        rows = _public_titles(self.titles, filters).page(start, query.page_size)
        count = self.once(what, partial(_count_titles, self.titles, query))
        return page_body(request, rows_of_titles(rows), count=count, paging=query)

    def body(self, request: HttpRequest, titles: TitleQuerySet) -> dict[str, Any]:
        """Return one page; its number of queries does not depend on its length."""
        query = parse_query(TitleQuery, request.GET)
        found, ranking = title_queryset(query, titles)
        start = (query.page - 1) * query.page_size
        if ranking:
            ids = ranking[start : start + query.page_size]
            rows = in_order(title_rows(titles.filter(pk__in=ids)), ids)
            return page_body(request, rows, count=len(ranking), paging=query)
        rows = title_rows(found[start : start + query.page_size])
        return page_body(request, rows, count=found.count(), paging=query)

    @extend_schema(
        parameters=[*query_parameters(TitleQuery), SCOPE],
        responses={200: page_shape(TitleRowShape, "TitlePage"), **refusals(400, 401, 403, 429)},
    )
    def get(self, request: Request) -> PrivateResponse:
        """List titles."""
        titles = self.titles.objects.all()
        return PrivateResponse(self.body(request._request, scoped(titles, request)))


def scoped(titles: TitleQuerySet, request: Request) -> TitleQuerySet:
    """Return one's own titles, or all of them for moderators."""
    user = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    if request.query_params.get("scope") == "all":
        if not user.has_perm("catalog.moderate_title"):
            raise Forbidden(_("Only moderators see everything."))
        return titles
    return titles.filter(created_by=user)


class TitleDetailView(CachedView):
    """One title."""

    titles: ClassVar[type[Title]] = Title

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        word = place["id_or_slug"]
        number = word.removeprefix("p-")
        if is_id(number):
            found = _public_title(self.titles, str(_NO_ID)).rows({_NO_ID: int(number)})
        else:
            found = _public_title(self.titles, _NO_SLUG).rows({_NO_SLUG: word})
        return detail_of(found[0]) if found else None

    def moved_to(self, **place: Any) -> str | None:
        """Return the path under the slug that the title has now."""
        titles = self.titles.objects.all().public()
        found = titles.filter(old_slugs__slug=place["id_or_slug"]).values_list("slug", flat=True)
        slug = found.first()
        folder = "titles" if self.titles is Title else "series"
        return f"/api/{folder}/{slug}" if slug else None

    @extend_schema(
        responses={
            200: TitleShape,
            301: OpenApiResponse(description="It has another slug now: see Location."),
            **refusals(401, 403, 404, 429),
        },
    )
    def get(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Show a title."""
        visible = self.titles.objects.all().visible_to(request.user)
        detail = title_detail(find_titles(visible, id_or_slug))
        if detail is None:
            raise NotFound(_("There is nothing here."))
        return PrivateResponse(detail)


class NamesListView(CachedView):
    """A vocabulary with its names in all languages."""

    model: ClassVar[type[Category] | type[Tag]]

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        return {"results": list(self.model.objects.order_by("slug").values("slug", "name"))}


class CategoryListView(NamesListView):
    """Genres."""

    model = Category

    @extend_schema(responses={200: NamesListShape, **refusals(401, 403, 429)})
    def get(self, request: Request) -> PrivateResponse:
        """List genres."""
        return PrivateResponse(self.public_body(request._request))


class TagListView(NamesListView):
    """Tags."""

    model = Tag

    @extend_schema(responses={200: NamesListShape, **refusals(401, 403, 429)})
    def get(self, request: Request) -> PrivateResponse:
        """List tags."""
        return PrivateResponse(self.public_body(request._request))
