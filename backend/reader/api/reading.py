"""/api/chapters/{id}/progress, /api/series/{slug}/progress and /api/reading."""

from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import person
from accounts.scopes import LIBRARY, READ
from common.answers import PrivateResponse
from common.errors import NotFound
from common.shapes import refusals
from reader.api.chapters import series_or_404
from reader.api.shapes import ProgressListShape, ProgressShape, ReadingListShape
from reader.models import Chapter, ReadingState
from reader.reading import Progress, recent_reading, save_progress


class ProgressForm(serializers.Serializer[None]):
    """A page turn."""

    page = serializers.IntegerField(min_value=0, max_value=32_000)
    finished = serializers.BooleanField(default=False)
    changed_at = serializers.DateTimeField()


class ChapterProgressView(APIView):
    """Where one is in a chapter."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"PUT": LIBRARY}

    @extend_schema(
        request=ProgressForm,
        responses={200: ProgressShape, **refusals(400, 401, 403, 404, 429)},
    )
    def put(self, request: Request, pk: int) -> PrivateResponse:
        """Save a page turn; an older one than is known changes nothing."""
        chapter = Chapter.objects.all().visible_to(request.user).filter(pk=pk).first()
        if chapter is None:
            raise NotFound(_("There is no such chapter."))
        form = ProgressForm(data=request.data)
        form.is_valid(raise_exception=True)
        words: dict[str, Any] = form.validated_data
        progress = Progress(words["page"], words["finished"], words["changed_at"])
        state = save_progress(chapter, user=person(request), progress=progress)
        return PrivateResponse(
            _progress_row(state.chapter_id, state.page, state.finished_at, state.changed_at)
        )


class SeriesProgressView(APIView):
    """Where one is in all chapters of a series."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses={200: ProgressListShape, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """List the read marks of a series."""
        series = series_or_404(id_or_slug, request)
        states = ReadingState.objects.filter(user=request.user.pk, chapter__series=series.pk)
        rows = states.order_by("-changed_at").values_list(
            "chapter_id", "page", "finished_at", "changed_at"
        )
        return PrivateResponse({"results": [_progress_row(*row) for row in rows]})


class RecentReadingView(APIView):
    """What to continue."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses={200: ReadingListShape, **refusals(401, 403, 429)})
    def get(self, request: Request) -> PrivateResponse:
        """List the series one is reading, the last one first."""
        return PrivateResponse({"results": recent_reading(person(request))})


def _progress_row(
    chapter: int, page: int, finished_at: datetime | None, changed_at: datetime
) -> dict[str, Any]:
    return {"chapter": chapter, "page": page, "finished_at": finished_at, "changed_at": changed_at}
