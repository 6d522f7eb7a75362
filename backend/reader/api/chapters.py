"""/api/series/{slug}/chapters, /api/chapters and /api/chapters/{id}."""

import base64
import binascii
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.cached_views import CachedView
from catalog.api.titles import find_titles, read_title_word
from catalog.choices import Rating
from catalog.models import Title
from common.compiled_rows import CompiledQuery, Placeholder, compile_rows
from common.http.errors import Invalid, NotFound
from common.http.queries import (
    CursorPaging,
    LanguagesField,
    Paging,
    RepeatedField,
    page_body,
    parse_query,
)
from common.http.responses import PrivateResponse
from common.http.serializers import cursor_list, refusals
from reader.api.serializers import ChapterSerializer, LatestChapterSerializer
from reader.models import Chapter, ChapterQuerySet, Series
from reader.reading.chapter_rows import (
    chapter_detail,
    chapter_rows,
    chapters_with_series,
    filter_chapters,
    newest_in_languages,
    order_chapters,
    public_chapter_detail,
    public_chapter_rows,
)

_WORD = Placeholder("id or slug")


class ChapterQuery(Paging):
    """The parameters of a series' chapters."""

    page_size = serializers.IntegerField(default=100, min_value=1, max_value=500)
    language = LanguagesField()
    group = serializers.CharField(
        default="", max_length=120, allow_blank=True, trim_whitespace=False
    )
    ordering = serializers.ChoiceField(["newest", "oldest"], default="oldest")


class LatestQuery(CursorPaging):
    """The parameters of the latest chapters."""

    language = LanguagesField()
    rating = RepeatedField(child=serializers.ChoiceField(Rating.choices), max_length=len(Rating))


def series_or_404(word: str, request: Request) -> Title:
    """Return the series of an id or slug; raises NotFound where the user may not see one."""
    found = find_titles(Series.objects.get_queryset().visible_to(request.user), word).first()
    if found is None:
        raise NotFound(_("There is no such series."))
    return found


def chapters_body(request: HttpRequest, chapters: ChapterQuerySet) -> dict[str, Any]:
    """Return one page of a series' chapters in two queries; one-shots count as the oldest."""
    query = parse_query(ChapterQuery, request.GET)
    chapters = filter_chapters(chapters, **_words(query))
    page, page_size = query["page"], query["page_size"]
    start = (page - 1) * page_size
    ordered = order_chapters(chapters, newest_first=query["ordering"] == "newest")
    rows = chapter_rows(ordered[start : start + page_size])
    return page_body(request, rows, count=chapters.count(), page=page, page_size=page_size)


def _words(query: dict[str, Any]) -> dict[str, Any]:
    return {"languages": query["language"], "group": query["group"]}


def public_chapters_body(
    view: CachedView, request: HttpRequest, id_or_slug: str
) -> dict[str, Any] | None:
    """Return the page of chapters that guests see, by queries that are compiled once.

    It is shaped as in `chapters_body`; None where no such series is public.
    """
    query = parse_query(ChapterQuery, request.GET)
    series_id = _public_series_id(id_or_slug)
    if series_id is None:
        return None
    words = _words(query)
    page, page_size = query["page"], query["page_size"]
    rows = public_chapter_rows(
        series_id,
        newest_first=query["ordering"] == "newest",
        start=(page - 1) * page_size,
        count=page_size,
        **words,
    )
    count = view.once(
        f"chapters {series_id} {words}",
        lambda: filter_chapters(Chapter.objects.public().filter(series=series_id), **words).count(),
    )
    return page_body(request, rows, count=count, page=page, page_size=page_size)


def _public_series_id(id_or_slug: str) -> int | None:
    column, value = read_title_word(id_or_slug)
    found = _public_series(column).rows({_WORD: value})
    return found[0][0] if found else None


@lru_cache(maxsize=2)
def _public_series(column: str) -> CompiledQuery:
    series = Series.objects.get_queryset().public().filter(**{column: _WORD})
    return compile_rows(series, ("pk",))


class LatestChaptersView(CachedView):
    """The newest chapters of all series, read by cursor."""

    cache_seconds = 60
    query = LatestQuery
    families = ("chapters", "titles")

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        query = parse_query(LatestQuery, request.GET)
        chapters = Chapter.objects.public().filter(published_at__isnull=False)
        page_size = query["page_size"]
        if query["rating"]:
            chapters = chapters.filter(series__content_rating__in=query["rating"])
        if query["cursor"]:
            moment, pk = read_cursor(query["cursor"])
            chapters = chapters.filter(
                Q(published_at__lt=moment) | Q(published_at=moment, pk__lt=pk)
            )
        newest = newest_in_languages(chapters, query["language"], page_size + 1)
        rows = chapters_with_series(newest)
        following = None
        if len(rows) > page_size:
            rows.pop()
            asked = request.GET.copy()
            asked["cursor"] = make_cursor(rows[-1]["published_at"], rows[-1]["id"])
            following = f"{request.path}?{asked.urlencode()}"
        return {"next": following, "previous": None, "results": rows}

    @extend_schema(
        parameters=[LatestQuery],
        responses={
            200: cursor_list(LatestChapterSerializer, "LatestChapters"),
            **refusals(400, 401, 403, 429),
        },
    )
    def get(self, request: Request) -> PrivateResponse:
        """List the latest chapters."""
        return PrivateResponse(self.public_body(request._request))


class ChapterDetailView(CachedView):
    """One chapter with its pages."""

    families = ("chapters", "titles")

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        return public_chapter_detail(int(place["pk"]))

    @extend_schema(responses={200: ChapterSerializer, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, pk: int) -> Response:
        """Show a chapter; the pages of one that is not public are on its upload."""
        detail = chapter_detail(Chapter.objects.all().visible_to(request.user).filter(pk=pk))
        if detail is None:
            raise NotFound(_("There is no such chapter."))
        return PrivateResponse(detail)


def make_cursor(moment: datetime, pk: int) -> str:
    """Return a cursor, opaque text, for a row of a list that is ordered by time and id."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {pk}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """Return the time and the id of a cursor of `make_cursor`; raises Invalid for other text."""
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
