"""The shapes of chapters and uploads, for the schema."""

from rest_framework import serializers

from catalog.api.shapes import CoverShape
from catalog.choices import Direction, Kind
from common.http.shapes import ErrorShape
from reader.states import UploadState


class GroupShape(serializers.Serializer[None]):
    slug = serializers.CharField()
    name = serializers.CharField()


class ChapterRowShape(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.CharField(
        allow_null=True, help_text="without trailing zeros; null: one-shot"
    )
    volume = serializers.IntegerField(allow_null=True)
    title = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    group = GroupShape(allow_null=True)
    page_count = serializers.IntegerField()
    published_at = serializers.DateTimeField(allow_null=True)


class SeriesLinkShape(serializers.Serializer[None]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


class SeriesCardShape(SeriesLinkShape):
    kind = serializers.ChoiceField(Kind.choices)
    cover = CoverShape(allow_null=True)


class SeriesOfChapterShape(SeriesLinkShape):
    kind = serializers.ChoiceField(Kind.choices)
    reading_direction = serializers.ChoiceField(Direction.choices)


class LatestChapterShape(ChapterRowShape):
    series = SeriesCardShape()


class ChapterLinkShape(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_blank=True)


class PageShape(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.IntegerField()
    url = serializers.CharField()
    saver_url = serializers.CharField(allow_null=True)
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    wide = serializers.BooleanField()
    color = serializers.CharField()
    bytes = serializers.IntegerField()


class ChapterShape(ChapterRowShape):
    series = SeriesOfChapterShape()
    pages = PageShape(many=True)
    previous = ChapterLinkShape(allow_null=True)
    next = ChapterLinkShape(allow_null=True)


class PlaceShape(serializers.Serializer[None]):
    page = serializers.IntegerField(
        help_text="within the version that is there now; 0: marked unread"
    )
    offset = serializers.FloatField(help_text="in strips, a fraction of the page's height")
    finished_at = serializers.DateTimeField(allow_null=True)
    changed_at = serializers.DateTimeField()


class ProgressShape(PlaceShape):
    chapter = serializers.IntegerField()


class ProgressAnswerShape(serializers.Serializer[None]):
    """What came of one row: what holds now, or why the row was not taken."""

    chapter = serializers.IntegerField(allow_null=True)
    progress = ProgressShape(allow_null=True)
    error = ErrorShape(allow_null=True)


class ProgressAnswersShape(serializers.Serializer[None]):
    results = ProgressAnswerShape(many=True)


class ProgressListShape(serializers.Serializer[None]):
    results = ProgressShape(many=True)


class ReadChapterShape(ChapterLinkShape):
    page_count = serializers.IntegerField()


class ReadingShape(PlaceShape):
    series = SeriesCardShape()
    chapter = ReadChapterShape()
    next_chapter = ChapterLinkShape(allow_null=True)


class ReadingListShape(serializers.Serializer[None]):
    results = ReadingShape(many=True)


class ReplacedChapterShape(ChapterLinkShape):
    volume = serializers.IntegerField(allow_null=True)


_REPLACES = "the live chapter of another volume or title that it would replace: a moderator decides"


class UploadChapterShape(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    volume = serializers.IntegerField(allow_null=True)
    group = GroupShape(allow_null=True)


class UploadProgressShape(serializers.Serializer[None]):
    pages_done = serializers.IntegerField()
    pages_total = serializers.IntegerField(allow_null=True)


class UploadRowShape(serializers.Serializer[None]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(UploadState.choices)
    error_code = serializers.CharField(allow_null=True)
    detail = serializers.CharField(allow_blank=True)
    malicious = serializers.BooleanField()
    page_count = serializers.IntegerField()
    filename = serializers.CharField()
    archive_bytes = serializers.IntegerField()
    progress = UploadProgressShape()
    chapter = UploadChapterShape()
    replaces = ReplacedChapterShape(allow_null=True, help_text=_REPLACES)
    series = SeriesLinkShape()
    uploader = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()


class UploadPageShape(serializers.Serializer[None]):
    number = serializers.IntegerField()
    name = serializers.CharField()
    type = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bytes = serializers.IntegerField()
    url = serializers.CharField()


class UploadShape(UploadRowShape):
    pages = UploadPageShape(many=True)


class QuotaShape(serializers.Serializer[None]):
    uploads_left = serializers.IntegerField(allow_null=True)
    bytes_left = serializers.IntegerField(allow_null=True)
    waiting_left = serializers.IntegerField(allow_null=True)
    decoding_seconds_left = serializers.IntegerField(
        allow_null=True, help_text="how long zips that are sent today may still be checked"
    )


class UploadAcceptedShape(serializers.Serializer[None]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(UploadState.choices)
    url = serializers.CharField()
    replaces = ReplacedChapterShape(allow_null=True, help_text=_REPLACES)
