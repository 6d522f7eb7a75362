"""Describes titles in the schema: cached views are built from rows; tests compare the two."""

from typing import Any

from rest_framework import serializers

from catalog.choices import CreditRole, Direction, Kind, Moderation, Rating, Status
from catalog.trailers import SITES


def names_field(**options: Any) -> serializers.DictField:
    """Return a field with a title's name by language; languages that it lacks show `name`."""
    return serializers.DictField(
        child=serializers.CharField(),
        help_text="by language; in any other it is called `name`",
        **options,
    )


class CoverSerializer(serializers.Serializer[None]):
    url = serializers.CharField()
    small_url = serializers.CharField(allow_null=True)
    large_url = serializers.CharField(allow_null=True)
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    color = serializers.CharField()


class TitleRowSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    name = serializers.CharField()
    original_name = serializers.CharField(allow_blank=True)
    names = names_field()
    status = serializers.ChoiceField(Status.choices)
    content_rating = serializers.ChoiceField(Rating.choices)
    year = serializers.IntegerField(allow_null=True)
    original_language = serializers.CharField(allow_blank=True)
    reading_direction = serializers.ChoiceField(Direction.choices)
    chapter_count = serializers.IntegerField()
    last_chapter_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    cover = CoverSerializer(allow_null=True)
    genres = serializers.ListField(child=serializers.CharField())
    languages = serializers.ListField(
        child=serializers.CharField(), help_text="of its public chapters, most chapters first"
    )


class NamesSerializer(serializers.Serializer[None]):
    slug = serializers.CharField()
    name = serializers.DictField(child=serializers.CharField())


class AliasSerializer(serializers.Serializer[None]):
    name = serializers.CharField()
    language = serializers.CharField(allow_blank=True)


class PersonSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()


class CreditSerializer(serializers.Serializer[None]):
    role = serializers.ChoiceField(CreditRole.choices)
    part = serializers.CharField(allow_blank=True, help_text="whom they play, or what they did")
    person = PersonSerializer()


class TrailerSerializer(serializers.Serializer[None]):
    url = serializers.CharField()
    site = serializers.ChoiceField(list(SITES))
    id = serializers.CharField(help_text="the video's, on its site")


class ScreenshotSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    url = serializers.CharField()
    small_url = serializers.CharField(allow_null=True)
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    color = serializers.CharField()


class ExternalIdsSerializer(serializers.Serializer[None]):
    anilist = serializers.IntegerField(allow_null=True)
    mal = serializers.IntegerField(allow_null=True)
    mangadex = serializers.UUIDField(allow_null=True)


class ChapterLanguageSerializer(serializers.Serializer[None]):
    language = serializers.CharField()
    count = serializers.IntegerField()


class TitleSourceSerializer(serializers.Serializer[None]):
    name = serializers.CharField()
    label = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment] # a field of DRF's has this name
    site_url = serializers.CharField(allow_blank=True, help_text="the title's page there")
    credits = serializers.DictField(
        child=serializers.CharField(allow_blank=True), help_text="stands where its facts are shown"
    )


class TitleSerializer(TitleRowSerializer):
    genres = NamesSerializer(many=True)  # type: ignore[assignment]
    tags = NamesSerializer(many=True)
    chapter_languages = ChapterLanguageSerializer(many=True, help_text="most chapters first")
    aliases = AliasSerializer(many=True)
    credits = CreditSerializer(many=True, help_text="in their order")
    synopsis = serializers.DictField(child=serializers.CharField())
    numbers_restart_per_volume = serializers.BooleanField()
    length = serializers.IntegerField(allow_null=True, help_text="chapters or episodes known")
    season_count = serializers.IntegerField(allow_null=True)
    duration_minutes = serializers.IntegerField(allow_null=True)
    trailers = TrailerSerializer(many=True)
    screenshots = ScreenshotSerializer(many=True, help_text="in their order")
    site_url = serializers.CharField(allow_blank=True)
    format = serializers.CharField(allow_blank=True)
    external_ids = ExternalIdsSerializer()
    popularity = serializers.IntegerField()
    rating_average = serializers.CharField()
    moderation = serializers.ChoiceField(Moderation.choices)
    sources = TitleSourceSerializer(many=True, help_text="other catalogues that know it")
    rejection_reason = serializers.CharField(
        allow_blank=True, help_text="why it was rejected, for its author and moderators"
    )


class ExistingTitleSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    name = serializers.CharField()
    year = serializers.IntegerField(allow_null=True)


class NewTitleSerializer(TitleSerializer):
    """A title that was entered just now."""

    similar = ExistingTitleSerializer(many=True, help_text="of this kind, name and year as well")


class NamesListSerializer(serializers.Serializer[None]):
    results = NamesSerializer(many=True)
