"""GET /api/series/{id or slug}: a title with its groups and the first chapter of each language."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from catalog.api.titles import TitleDetailView
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from reader.api.serializers import SeriesSerializer
from reader.models import Series
from reader.reading.chapter_rows import first_chapters, groups_of_series


class SeriesDetailView(TitleDetailView):
    """Shows a series."""

    families = ("titles", "popularity", "vocabulary", "chapters")
    titles = Series
    folder = "series"

    def complete(self, detail: dict[str, Any]) -> dict[str, Any]:
        """Return the title with its groups and the first chapter of each language."""
        first = {link["language"]: link for link in first_chapters(detail["id"])}
        detail["groups"] = groups_of_series(detail["id"])
        detail["first_chapters"] = [
            first[language] for language in detail["languages"] if language in first
        ]
        return detail

    @extend_schema(
        responses={
            200: SeriesSerializer,
            301: OpenApiResponse(description="It has another slug now: see Location."),
            **refusals(401, 403, 404, 429),
        },
    )
    def get(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Show a series."""
        return super().get(request, id_or_slug)
