"""Describes chapters in the schema, as cached views are built from rows, and reading progress."""

from typing import Any

from rest_framework import serializers

from catalog.api.serializers import CoverSerializer, TitleSerializer, names_field
from catalog.choices import Direction, Kind
from common.http.serializers import ErrorSerializer


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
    names = names_field()


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
    volume = serializers.IntegerField(allow_null=True)
    language = serializers.CharField()
    group = GroupSerializer(allow_null=True)


class CountedGroupSerializer(GroupSerializer):
    id = serializers.IntegerField()
    count = serializers.IntegerField()


class SeriesSerializer(TitleSerializer):
    groups = CountedGroupSerializer(many=True, help_text="of public chapters, most chapters first")
    first_chapters = ChapterLinkSerializer(
        many=True, help_text="where reading starts in each language; most chapters first"
    )


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
    next_in_other_languages = ChapterLinkSerializer(
        many=True, help_text="where `next` is null: what goes on in each other language"
    )


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
