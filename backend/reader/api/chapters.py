"""/api/series/{slug}/chapters, /api/chapters and /api/chapters/{id}."""

import base64
import binascii
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.cached_views import CachedView
from catalog.api.titles import find_titles, is_id
from catalog.choices import Rating
from catalog.models import Title
from common.compiled_rows import CompiledQuery, compile_rows
from common.http.errors import Invalid, NotFound
from common.http.queries import Paging, page_body, parse_query, query_parameters
from common.http.responses import PrivateResponse
from common.http.shapes import cursor_shape, refusals
from reader.api.shapes import ChapterShape, LatestChapterShape
from reader.models import Chapter, ChapterQuerySet, Series
from reader.reading.chapter_rows import (
    chapter_detail,
    chapter_rows,
    chapters_with_series,
    filter_chapters,
    order_chapters,
    public_chapter_detail,
    public_chapter_rows,
)

# What no series is called; put for its name or id when a query is compiled.
_NO_ID, _NO_SLUG = 10**17, "-stand-in-"


class ChapterQuery(Paging):
    """The parameters of a series' chapters."""

    page_size: int = Field(default=100, ge=1, le=500)
    language: str = Field(default="", max_length=35)
    group: str = Field(default="", max_length=120)
    ordering: Literal["newest", "oldest"] = "oldest"


class LatestQuery(BaseModel):
    """The parameters of the latest chapters."""

    cursor: str = Field(default="", max_length=100)
    page_size: int = Field(default=24, ge=1, le=100)
    language: str = Field(default="", max_length=35)
    rating: list[Rating] = Field(default=[], max_length=len(Rating))


def series_or_404(word: str, request: Request) -> Title:
    """Return the visible series that the word stands for."""
    found = find_titles(Series.objects.get_queryset().visible_to(request.user), word).first()
    if found is None:
        raise NotFound(_("There is no such series."))
    return found


def chapters_body(request: HttpRequest, chapters: ChapterQuerySet) -> dict[str, Any]:
    """Return one page of a series' chapters in two queries; one-shots come first."""
    query = parse_query(ChapterQuery, request.GET)
    chapters = filter_chapters(chapters, language=query.language.lower(), group=query.group)
    start = (query.page - 1) * query.page_size
    ordered = order_chapters(chapters, newest_first=query.ordering == "newest")
    rows = chapter_rows(ordered[start : start + query.page_size])
    return page_body(request, rows, count=chapters.count(), paging=query)


def public_chapters_body(
    view: CachedView, request: HttpRequest, id_or_slug: str
) -> dict[str, Any] | None:
    """Return what `chapters_body` does for anybody, by queries that are compiled once."""
    query = parse_query(ChapterQuery, request.GET)
    series_id = _public_series_id(id_or_slug)
    if series_id is None:
        return None
    words = {"language": query.language.lower(), "group": query.group}
    rows = public_chapter_rows(
        series_id,
        newest_first=query.ordering == "newest",
        start=(query.page - 1) * query.page_size,
        count=query.page_size,
        **words,
    )
    count = view.once(
        f"chapters {series_id} {words}",
        lambda: filter_chapters(Chapter.objects.public().filter(series=series_id), **words).count(),
    )
    return page_body(request, rows, count=count, paging=query)


def _public_series_id(id_or_slug: str) -> int | None:
    number = id_or_slug.removeprefix("p-")
    if is_id(number):
        found = _public_series(f"p-{_NO_ID}").rows({_NO_ID: int(number)})
    else:
        found = _public_series(_NO_SLUG).rows({_NO_SLUG: id_or_slug})
    return found[0][0] if found else None


@lru_cache(maxsize=2)
def _public_series(stand_in: str) -> CompiledQuery:
    return compile_rows(find_titles(Series.objects.get_queryset().public(), stand_in), ("pk",))


class LatestChaptersView(CachedView):
    """The newest chapters of all series, read by cursor."""

    cache_seconds = 60

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        query = parse_query(LatestQuery, request.GET)
        chapters = Chapter.objects.public().filter(published_at__isnull=False)
        if query.language:
            chapters = chapters.filter(language=query.language.lower())
        if query.rating:
            chapters = chapters.filter(series__content_rating__in=query.rating)
        if query.cursor:
            moment, pk = read_cursor(query.cursor)
            chapters = chapters.filter(
                Q(published_at__lt=moment) | Q(published_at=moment, pk__lt=pk)
            )
        rows = chapters_with_series(
            chapters.order_by("-published_at", "-id")[: query.page_size + 1]
        )
        following = None
        if len(rows) > query.page_size:
            rows.pop()
            asked = request.GET.copy()
            asked["cursor"] = make_cursor(rows[-1]["published_at"], rows[-1]["id"])
            following = f"{request.path}?{asked.urlencode()}"
        return {"next": following, "previous": None, "results": rows}

    @extend_schema(
        parameters=query_parameters(LatestQuery),
        responses={
            200: cursor_shape(LatestChapterShape, "LatestChapters"),
            **refusals(400, 401, 403, 429),
        },
    )
    def get(self, request: Request) -> PrivateResponse:
        """List the latest chapters."""
        return PrivateResponse(self.public_body(request._request))


class ChapterDetailView(CachedView):
    """One chapter with its pages."""

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        return public_chapter_detail(int(place["pk"]))

    @extend_schema(responses={200: ChapterShape, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, pk: int) -> Response:
        """Show a chapter; the pages of one that is not public are on its upload."""
        detail = chapter_detail(Chapter.objects.all().visible_to(request.user).filter(pk=pk))
        if detail is None:
            raise NotFound(_("There is no such chapter."))
        return PrivateResponse(detail)


def make_cursor(moment: datetime, pk: int) -> str:
    """Return an opaque place in a list that is ordered by time and id, newest first."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {pk}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """Return what `make_cursor` was given; raises Invalid for anything else."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        moment, _space, pk = text.partition(" ")
        when = datetime.fromisoformat(moment)
        if when.tzinfo is None or not 0 < int(pk) < 2**63:
            raise ValueError(cursor)
        return when.astimezone(UTC), int(pk)
    except (ValueError, OverflowError, binascii.Error) as error:
        message = _("This place in the list is not known.")
        raise Invalid(message, fields={"cursor": [message]}) from error
