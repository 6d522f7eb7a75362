"""What the API takes and shows of libraries."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from catalog.api.serializers import CoverSerializer, ExternalIdsSerializer, names_field
from catalog.choices import Kind, Moderation, Status
from reader.api.serializers import ChapterLinkSerializer
from sources.registry import all_sources
from sources.titles.facts import ID_SITES, read_id
from tracker.choices import STATUS_CHOICES, STATUS_WORDS, ItemStatus, Origin, ScoreFormat, Unit
from tracker.library.tags import MAX_ITEM_TAGS
from tracker.models import LibrarySettings

MAX_NUMBER = 1_000_000
MAX_NOTES = 10_000


class StatusField(serializers.ChoiceField):
    """A status, also by the words of other trackers, such as `watching`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=STATUS_CHOICES, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the status that the word means."""
        word = super().to_internal_value(data)
        return str(STATUS_WORDS.get(word, word))


def _number(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=MAX_NUMBER, required=False, **options)


class TagField(serializers.CharField):
    """The name of one of one's own tags."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=60, **options)


class ItemFieldsSerializer(serializers.Serializer[None]):
    """What a user sets of an item; what is left out stays."""

    status = StatusField(required=False)
    progress = _number()
    progress_volumes = _number()
    max_progress = serializers.IntegerField(
        min_value=1, max_value=MAX_NUMBER, required=False, allow_null=True,
        help_text="one's own; null: what the title says",
    )  # fmt: skip
    score = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True)
    favourite = serializers.BooleanField(required=False)
    notes = serializers.CharField(max_length=MAX_NOTES, required=False, allow_blank=True)
    private = serializers.BooleanField(required=False)
    started_on = serializers.DateField(required=False, allow_null=True)
    finished_on = serializers.DateField(required=False, allow_null=True)
    repeats = _number()
    tags = serializers.ListField(child=TagField(), max_length=MAX_ITEM_TAGS, required=False)
    source = serializers.CharField(  # type: ignore[assignment] # a field of DRF's has this name
        max_length=60, required=False, allow_blank=True
    )
    cover_url = serializers.URLField(max_length=500, required=False, allow_blank=True)


class ItemChangeSerializer(ItemFieldsSerializer):
    """A change of an item."""

    changed_at = serializers.DateTimeField(
        required=False,
        help_text="when the user did it; of two devices the later one wins, field by field",
    )


class ExternalSerializer(serializers.Serializer[None]):
    """A title by its id on another site."""

    site = serializers.CharField(max_length=30, help_text="a source, anilist, mal or mangadex")
    id = serializers.CharField(max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the id as its site writes it."""
        site = attrs["site"]
        if site not in ID_SITES and site not in all_sources():
            raise serializers.ValidationError({"site": _("There is no source of this name.")})
        if site in ID_SITES:
            number = read_id(site, attrs["id"])
            if number is None:
                raise serializers.ValidationError({"id": _("This is no id of that site.")})
            return {**attrs, "id": str(number)}
        return attrs


class ItemFormSerializer(ItemFieldsSerializer):
    """A new item: a title by its id here, by its id elsewhere, or by name and type."""

    title_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    external = ExternalSerializer(required=False)
    title = serializers.CharField(max_length=300, required=False)
    type = serializers.ChoiceField(Kind.choices, required=False)


class ItemSerializer(serializers.Serializer[Any]):
    """An item; built from rows, see `tracker.library.rows`."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    title_id = serializers.IntegerField()
    slug = serializers.CharField()
    names = names_field()
    original_name = serializers.CharField(allow_blank=True)
    type = serializers.ChoiceField(Kind.choices)
    year = serializers.IntegerField(allow_null=True)
    cover = CoverSerializer(allow_null=True)
    cover_url = serializers.CharField(allow_blank=True)
    external_ids = ExternalIdsSerializer()
    format = serializers.CharField(allow_blank=True)
    site_url = serializers.CharField(allow_blank=True)
    title_status = serializers.ChoiceField(Status.choices)
    moderation = serializers.ChoiceField(Moderation.choices)
    status = serializers.ChoiceField(ItemStatus.choices)
    unit = serializers.ChoiceField(Unit.choices)
    progress = serializers.IntegerField()
    progress_volumes = serializers.IntegerField()
    max_progress = serializers.IntegerField(
        allow_null=True, help_text="progress is shown as “of” this; null: nobody knows"
    )
    has_own_max = serializers.BooleanField()
    score = serializers.IntegerField(allow_null=True)
    favourite = serializers.BooleanField()
    notes = serializers.CharField(allow_blank=True)
    private = serializers.BooleanField()
    started_on = serializers.DateField(allow_null=True)
    finished_on = serializers.DateField(allow_null=True)
    repeats = serializers.IntegerField()
    tags = serializers.ListField(child=serializers.CharField())
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    unread_count = serializers.IntegerField(
        allow_null=True, help_text="chapters; null: it has none here"
    )
    next_chapter = ChapterLinkSerializer(allow_null=True)
    sync = serializers.ChoiceField(
        ["", "synced", "waiting", "refused", "conflict"],
        help_text="how it stands with one's list at AniList; empty: it is in none",
    )  # fmt: skip
    synced_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class StepSerializer(serializers.Serializer[None]):
    """How far the progress moves, from where it is."""

    by = serializers.IntegerField(min_value=-1000, max_value=1000, default=1)


class ChangeTitleSerializer(serializers.Serializer[Any]):
    """The title of a change."""

    id = serializers.IntegerField()
    slug = serializers.CharField(source="path_slug")
    name = serializers.CharField()
    names = names_field()
    type = serializers.ChoiceField(Kind.choices, source="kind")


class ChangeSerializer(serializers.Serializer[Any]):
    """A change of a library."""

    id = serializers.IntegerField()
    title = ChangeTitleSerializer()
    at = serializers.DateTimeField()
    origin = serializers.ChoiceField(Origin.choices)
    changes = serializers.DictField(
        child=serializers.ListField(),
        help_text="[from, to] by field; `item` where it was added or removed",
    )
    undone_at = serializers.DateTimeField(allow_null=True)


class _ByStatusSerializer(serializers.Serializer[Any]):
    planning = serializers.IntegerField()
    current = serializers.IntegerField()
    completed = serializers.IntegerField()
    paused = serializers.IntegerField()
    dropped = serializers.IntegerField()
    repeating = serializers.IntegerField()


class _ProgressSumsSerializer(serializers.Serializer[Any]):
    chapters = serializers.IntegerField()
    episodes = serializers.IntegerField()
    minutes = serializers.IntegerField()


class SummarySerializer(serializers.Serializer[Any]):
    """What a library adds up to."""

    total = serializers.IntegerField()
    by_status = _ByStatusSerializer()
    by_type = serializers.DictField(
        child=serializers.IntegerField(), help_text="types that it has none of are left out"
    )
    favourites = serializers.IntegerField()
    unread = serializers.IntegerField(help_text="titles with unread chapters")
    progress = _ProgressSumsSerializer()


class SettingsSerializer(serializers.ModelSerializer[LibrarySettings]):
    """What a user wants of their library."""

    score_format = serializers.ChoiceField(ScoreFormat.choices)

    class Meta:
        model = LibrarySettings
        fields = [
            "score_format", "start_on_progress", "complete_on_last", "follow_reading",
            "add_when_read", "count_repeats",
        ]  # fmt: skip
