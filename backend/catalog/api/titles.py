"""GET /api/titles and /api/titles/{id or slug}; /api/categories and /api/tags."""

from array import array
from functools import lru_cache, partial
from typing import Any, ClassVar

import orjson
from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from accounts.api.cached_views import CachedView
from accounts.audit import last_reason
from accounts.models import User
from catalog.api.serializers import NamesListSerializer, TitleRowSerializer, TitleSerializer
from catalog.api.title_query import TitleQuery, is_ranked, title_filters, title_queryset
from catalog.choices import Moderation
from catalog.cover_drafts import shown_draft
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
from common.compiled_rows import CompiledQuery, Placeholder
from common.http.errors import Forbidden, NotFound
from common.http.queries import page_body, parse_query
from common.http.responses import PrivateResponse
from common.http.serializers import numbered_list, refusals

SCOPE = OpenApiParameter(
    "scope",
    enum=["mine", "all"],
    description="mine: what you made; all: everything, for moderators",
)

_WORD = Placeholder("id or slug")


def is_id(word: str) -> bool:
    """Return True for a word that is written as the id of a row."""
    return word.isascii() and word.isdecimal() and len(word) < 19


def read_title_word(id_or_slug: str) -> tuple[str, int | str]:
    """Return the column and the value that the word stands for: an id, `p-<id>` or a slug."""
    number = id_or_slug.removeprefix("p-")
    return ("pk", int(number)) if is_id(number) else ("slug", id_or_slug)


def find_titles(titles: TitleQuerySet, id_or_slug: str) -> TitleQuerySet:
    """Return those of `titles` that the word stands for, which is at most one."""
    column, value = read_title_word(id_or_slug)
    return titles.filter(**{column: value})


@lru_cache(maxsize=256)
def _public_titles(model: type[Title], filters: str) -> CompiledQuery:
    found, _ranking = title_queryset(orjson.loads(filters), model.objects.all().public())
    return compile_titles(found)


@lru_cache(maxsize=8)
def _public_title(model: type[Title], column: str) -> CompiledQuery:
    return compile_detail(model.objects.all().public().filter(**{column: _WORD}))


def _rank_titles(model: type[Title], query: dict[str, Any]) -> "array[int]":
    return array("q", title_queryset(query, model.objects.all().public())[1])


def _count_titles(model: type[Title], query: dict[str, Any]) -> int:
    return title_queryset(query, model.objects.all().public())[0].count()


class TitleListView(CachedView):
    """Titles of every kind, filtered, searched and ordered."""

    query = TitleQuery
    families = ("titles", "popularity")
    titles: ClassVar[type[Title]] = Title

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        query = parse_query(TitleQuery, request.GET)
        filters = title_filters(query)
        what = f"{self.titles.__name__} {filters}"
        page, page_size = query["page"], query["page_size"]
        paged = partial(page_body, request, page=page, page_size=page_size)
        start = (page - 1) * page_size
        if is_ranked(query):
            ids = self.once(what, partial(_rank_titles, self.titles, query))
            shown = public_title_rows(self.titles, ids[start : start + page_size])
            return paged(shown, count=len(ids))
        if query["search"].strip():
            return self.body(request, self.titles.objects.all().public())
        rows = _public_titles(self.titles, filters).page(start, page_size)
        count = self.once(what, partial(_count_titles, self.titles, query))
        return paged(rows_of_titles(rows), count=count)

    def body(self, request: HttpRequest, titles: TitleQuerySet) -> dict[str, Any]:
        """Return one page; its number of queries does not depend on its length."""
        query = parse_query(TitleQuery, request.GET)
        found, ranking = title_queryset(query, titles)
        page, page_size = query["page"], query["page_size"]
        paged = partial(page_body, request, page=page, page_size=page_size)
        start = (page - 1) * page_size
        if ranking:
            ids = ranking[start : start + page_size]
            rows = in_order(title_rows(titles.filter(pk__in=ids)), ids)
            return paged(rows, count=len(ranking))
        rows = title_rows(found[start : start + page_size])
        return paged(rows, count=found.count())

    @extend_schema(
        parameters=[TitleQuery, SCOPE],
        responses={
            200: numbered_list(TitleRowSerializer, "TitlePage"),
            **refusals(400, 401, 403, 429),
        },
    )
    def get(self, request: Request) -> PrivateResponse:
        """List titles."""
        titles = self.titles.objects.all()
        return PrivateResponse(self.body(request._request, scoped(titles, request)))


def scoped(titles: TitleQuerySet, request: Request) -> TitleQuerySet:
    """Return the user's own titles, or with `?scope=all` all of them.

    Raises NotAuthenticated for guests, and Forbidden for users who want all and are no moderators.
    """
    user = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    if request.query_params.get("scope") == "all":
        if not user.has_perm("catalog.moderate_title"):
            raise Forbidden(_("Only moderators see everything."))
        return titles
    return titles.filter(created_by=user)


class TitleDetailView(CachedView):
    """Shows a title."""

    families: ClassVar[tuple[str, ...]] = ("titles", "popularity", "vocabulary")
    titles: ClassVar[type[Title]] = Title
    folder: ClassVar[str] = "titles"

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        column, value = read_title_word(place["id_or_slug"])
        found = _public_title(self.titles, column).rows({_WORD: value})
        return self.complete(detail_of(found[0])) if found else None

    def complete(self, detail: dict[str, Any]) -> dict[str, Any]:
        """Return the title with the facts that an app above this one adds."""
        return detail

    def moved_to(self, **place: Any) -> str | None:
        """Return the path of the title under its present slug, for a slug that it had before."""
        titles = self.titles.objects.all().public()
        found = titles.filter(old_slugs__slug=place["id_or_slug"]).values_list("slug", flat=True)
        slug = found.first()
        return f"/api/{self.folder}/{slug}" if slug else None

    @extend_schema(
        responses={
            200: TitleSerializer,
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
        return PrivateResponse(self.private_body(detail))

    def private_body(self, detail: dict[str, Any]) -> dict[str, Any]:
        """Return a title for those who see it before it is public, with the cover that waits."""
        if detail["moderation"] != Moderation.APPROVED and detail["cover"] is None:
            detail["cover"] = shown_draft(detail["id"])
        if detail["moderation"] == Moderation.REJECTED:
            detail["rejection_reason"] = last_reason("title", detail["id"], action="reject_title")
        return self.complete(detail)


class NamesListView(CachedView):
    """A vocabulary with its names in all languages."""

    families = ("vocabulary",)
    model: ClassVar[type[Category] | type[Tag]]

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        return {"results": list(self.model.objects.order_by("slug").values("slug", "name"))}


class CategoryListView(NamesListView):
    """Genres."""

    model = Category

    @extend_schema(responses={200: NamesListSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> PrivateResponse:
        """List genres."""
        return PrivateResponse(self.public_body(request._request))


class TagListView(NamesListView):
    """Tags."""

    model = Tag

    @extend_schema(responses={200: NamesListSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> PrivateResponse:
        """List tags."""
        return PrivateResponse(self.public_body(request._request))
