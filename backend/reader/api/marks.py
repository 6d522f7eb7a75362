"""POST /api/series/{slug}/marks: chapters are marked read or unread, with undo."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.jobs import JobSerializer
from accounts.scopes import LIBRARY
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from reader.api.chapters import series_or_404
from reader.reading.marks import Selection, mark_chapters

MAX_CHAPTERS = 10_000


class ChapterIdField(serializers.IntegerField):
    """The id of a chapter."""

    def __init__(self, **words: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **words)


class MarksFormSerializer(serializers.Serializer[None]):
    """Which chapters are read, or are not: `chapters`, or `from` and `to`, or `up_to`."""

    read = serializers.BooleanField()
    chapters = serializers.ListField(
        child=ChapterIdField(), required=False, allow_empty=False, max_length=MAX_CHAPTERS
    )
    to = ChapterIdField(required=False)
    up_to = ChapterIdField(required=False, help_text="this one and all before it")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the field whose name is a word of Python."""
        return {**super().get_fields(), "from": ChapterIdField(required=False)}

    def validate(self, words: dict[str, Any]) -> dict[str, Any]:
        """Refuse more or less than one way of choosing chapters."""
        if words.keys() - {"read"} not in ({"chapters"}, {"from", "to"}, {"up_to"}):
            raise serializers.ValidationError(
                {"chapters": [_("Send chapters, or from and to, or up_to.")]}
            )
        return words


class MarksSerializer(serializers.Serializer[Any]):
    changed = serializers.IntegerField(help_text="how many chapters")
    job = JobSerializer(
        allow_null=True, help_text="undo it by /api/jobs/{id}/undo; null: no change"
    )


class SeriesMarksView(APIView):
    """Marks chapters of a series for the user."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=MarksFormSerializer,
        responses={200: MarksSerializer, **refusals(400, 401, 403, 404, 429)},
    )
    def post(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Mark them; a range is in reading order and in the languages of its ends."""
        series = series_or_404(id_or_slug, request)
        form = MarksFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        words = form.validated_data
        selection = Selection(
            words.get("chapters", ()), words.get("from"), words.get("to", words.get("up_to"))
        )
        changed, job = mark_chapters(
            series, user=current_user(request), selection=selection, is_read=words["read"]
        )
        return PrivateResponse(MarksSerializer({"changed": changed, "job": job}).data)
