"""Chapters, for the schema (cached views are built from rows), uploads and places of readers."""

from typing import Any

from rest_framework import serializers

from catalog.api.serializers import CoverSerializer
from catalog.choices import Direction, Kind
from common.http.serializers import ErrorSerializer
from reader.intake.quotas import QuotaLeft
from reader.intake.upload_rows import replaced_row, upload_detail, upload_row, upload_url
from reader.models import Upload
from reader.states import UploadState


class GroupSerializer(serializers.Serializer[None]):
    slug = serializers.CharField()
    name = serializers.CharField()


class ChapterRowSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.CharField(
        allow_null=True, help_text="without trailing zeros; null: one-shot"
    )
    volume = serializers.IntegerField(allow_null=True)
    title = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    group = GroupSerializer(allow_null=True)
    page_count = serializers.IntegerField()
    published_at = serializers.DateTimeField(allow_null=True)


class SeriesLinkSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


class SeriesCardSerializer(SeriesLinkSerializer):
    kind = serializers.ChoiceField(Kind.choices)
    cover = CoverSerializer(allow_null=True)


class SeriesOfChapterSerializer(SeriesLinkSerializer):
    kind = serializers.ChoiceField(Kind.choices)
    reading_direction = serializers.ChoiceField(Direction.choices)


class LatestChapterSerializer(ChapterRowSerializer):
    series = SeriesCardSerializer()


class ChapterLinkSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_blank=True)


class PageSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.IntegerField()
    url = serializers.CharField()
    saver_url = serializers.CharField(allow_null=True)
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    wide = serializers.BooleanField()
    color = serializers.CharField()
    bytes = serializers.IntegerField()


class ChapterSerializer(ChapterRowSerializer):
    series = SeriesOfChapterSerializer()
    pages = PageSerializer(many=True)
    previous = ChapterLinkSerializer(allow_null=True)
    next = ChapterLinkSerializer(allow_null=True)


class PlaceSerializer(serializers.Serializer[Any]):
    page = serializers.IntegerField(
        help_text="within the version that is there now; 0: marked unread"
    )
    offset = serializers.FloatField(help_text="in strips, a fraction of the page's height")
    finished_at = serializers.DateTimeField(allow_null=True)
    changed_at = serializers.DateTimeField()


class ProgressSerializer(PlaceSerializer):
    chapter = serializers.IntegerField()


class ProgressAnswerSerializer(serializers.Serializer[None]):
    """What came of one row: what holds now, or why the row was not taken."""

    chapter = serializers.IntegerField(allow_null=True)
    progress = ProgressSerializer(allow_null=True)
    error = ErrorSerializer(allow_null=True)


class ProgressAnswersSerializer(serializers.Serializer[Any]):
    results = ProgressAnswerSerializer(many=True)


class ProgressListSerializer(serializers.Serializer[Any]):
    results = ProgressSerializer(many=True)


class ReadChapterSerializer(ChapterLinkSerializer):
    page_count = serializers.IntegerField()


class ReadingSerializer(PlaceSerializer):
    series = SeriesCardSerializer()
    chapter = ReadChapterSerializer()
    next_chapter = ChapterLinkSerializer(allow_null=True)


class ReadingListSerializer(serializers.Serializer[None]):
    results = ReadingSerializer(many=True)


class ReplacedChapterSerializer(ChapterLinkSerializer):
    volume = serializers.IntegerField(allow_null=True)


_REPLACES = "the live chapter of another volume or title that it would replace: a moderator decides"


class UploadChapterSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    volume = serializers.IntegerField(allow_null=True)
    group = GroupSerializer(allow_null=True)


class UploadProgressSerializer(serializers.Serializer[None]):
    pages_done = serializers.IntegerField()
    pages_total = serializers.IntegerField(allow_null=True)


class UploadRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(UploadState.choices)
    error_code = serializers.CharField(allow_null=True)
    detail = serializers.CharField(allow_blank=True)
    malicious = serializers.BooleanField()
    page_count = serializers.IntegerField()
    filename = serializers.CharField()
    archive_bytes = serializers.IntegerField()
    progress = UploadProgressSerializer()
    chapter = UploadChapterSerializer()
    replaces = ReplacedChapterSerializer(allow_null=True, help_text=_REPLACES)
    series = SeriesLinkSerializer()
    uploader = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()
    row_of = staticmethod(upload_row)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Tell of an upload what `row_of` finds out."""
        return super().to_representation(self.row_of(instance))


class UploadPageSerializer(serializers.Serializer[None]):
    number = serializers.IntegerField()
    name = serializers.CharField()
    type = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bytes = serializers.IntegerField()
    url = serializers.CharField()


class UploadSerializer(UploadRowSerializer):
    pages = UploadPageSerializer(many=True)
    row_of = staticmethod(upload_detail)


class QuotaSerializer(serializers.Serializer[QuotaLeft]):
    uploads_left = serializers.IntegerField(allow_null=True)
    bytes_left = serializers.IntegerField(allow_null=True)
    waiting_left = serializers.IntegerField(allow_null=True)
    decoding_seconds_left = serializers.IntegerField(
        allow_null=True, help_text="how long zips that are sent today may still be checked"
    )


class UploadAcceptedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(UploadState.choices)
    url = serializers.CharField()
    replaces = ReplacedChapterSerializer(allow_null=True, help_text=_REPLACES)

    def to_representation(self, instance: Upload) -> dict[str, Any]:
        """Tell of an upload that was taken where it is followed, and what it would replace."""
        return super().to_representation(
            {
                "id": instance.pk,
                "state": instance.state,
                "url": upload_url(instance),
                "replaces": replaced_row(instance),
            }
        )
