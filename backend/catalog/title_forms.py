"""What is sent to enter or change a title: as JSON, or as a form with a poster.

What a title is answered with can be sent back: genres as slugs or as objects with one, people as
ids, names or objects, trailers as addresses or objects. In a form, lists are repeated fields, and
what has an inner structure is JSON text.
"""

from typing import Any

import orjson
from django.http import QueryDict
from django.utils import translation
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from catalog.choices import CreditRole, Rating, Status
from catalog.trailers import SITES, UnknownVideo, read_trailer
from common.http.errors import Invalid
from common.languages import parse_language

_MAX_WORDS = 50
_MAX_CREDITS = 100
_MAX_TRAILERS = 10
_MAX_SYNOPSIS = 20_000
_MAX_LANGUAGES = 20
_MAX_ID = 2**63 - 1
_LISTS = ("genres", "tags", "trailers")
_STRUCTURED = ("synopsis", "aliases", "credits")
# Of these an empty field is an empty text; of others it is no value.
_TEXTS = ("name", "original_name", "original_language", "site_url")


def sent_facts(data: Any) -> Any:
    """Return the body as JSON has it; of a form, texts of structured fields are parsed.

    Raises Invalid for text that begins as JSON and is none.
    """
    if not isinstance(data, QueryDict):
        return data
    facts: dict[str, Any] = {}
    for name in data:
        values = data.getlist(name)
        if name in _LISTS:
            facts[name] = _list_of(name, values)
        elif name in _STRUCTURED:
            facts[name] = _parsed(name, values[-1])
        else:
            facts[name] = None if values[-1] == "" and name not in _TEXTS else values[-1]
    return facts


def _list_of(name: str, values: list[str]) -> list[Any]:
    if len(values) == 1 and values[0].lstrip().startswith("["):
        return list(_parsed(name, values[0]))
    separator = "\n" if name == "trailers" else ","
    return [word.strip() for value in values for word in value.split(separator) if word.strip()]


def _parsed(name: str, text: str) -> Any:
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        message = _("This is no JSON.")
        raise Invalid(message, fields={name: [message]}) from error


@extend_schema_field({"oneOf": [
    {"type": "string"},
    {"type": "object", "properties": {"slug": {"type": "string"}}, "required": ["slug"]},
]})  # fmt: skip
class WordField(serializers.CharField):
    """A genre or tag: its slug, or an object with it."""

    def to_internal_value(self, data: Any) -> str:
        """Return the slug."""
        return super().to_internal_value(data.get("slug", "") if isinstance(data, dict) else data)


@extend_schema_field({"oneOf": [
    {"type": "integer"},
    {"type": "string"},
    {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}},
]})  # fmt: skip
class PersonField(serializers.Field[Any, Any, Any, Any]):
    """A person: their id, their name, or an object with one of them."""

    default_error_messages = {"invalid": gettext_lazy("Give the person's id or name.")}

    def to_internal_value(self, data: Any) -> int | str:
        """Return the id, or the name of who may be new."""
        if isinstance(data, dict):
            data = data["id"] if "id" in data else data.get("name")
        if isinstance(data, int) and not isinstance(data, bool) and 0 < data <= _MAX_ID:
            return data
        name = " ".join(data.split()) if isinstance(data, str) else ""
        if not 0 < len(name) <= 200:
            self.fail("invalid")
        return name


@extend_schema_field({"oneOf": [
    {"type": "string"},
    {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
]})  # fmt: skip
class TrailerField(serializers.CharField):
    """A trailer: its address on a site of `catalog.trailers`, or an object with it."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the video as it is kept."""
        address = super().to_internal_value(data.get("url", "") if isinstance(data, dict) else data)
        try:
            return read_trailer(address)._asdict()
        except UnknownVideo as error:
            raise ValidationError(
                _("This is no video on a site that is known here: %(sites)s.")
                % {"sites": ", ".join(SITES)}
            ) from error


@extend_schema_field({"oneOf": [
    {"type": "string"},
    {"type": "object", "additionalProperties": {"type": "string"}},
]})  # fmt: skip
class SynopsisField(serializers.DictField):
    """A text by language; a bare text is in the language of the request."""

    child = serializers.CharField(max_length=_MAX_SYNOPSIS, allow_blank=True)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Return the texts by language tag, without empty ones."""
        if isinstance(data, str):
            data = {translation.get_language() or "en": data}
        texts = super().to_internal_value(data)
        if len(texts) > _MAX_LANGUAGES:
            raise ValidationError(_("These are too many languages."))
        return {parse_language(language): text for language, text in texts.items() if text}


class AliasFormSerializer(serializers.Serializer[None]):
    """Another name of the title."""

    name = serializers.CharField(max_length=300)
    language = serializers.CharField(max_length=35, allow_blank=True, default="")

    def validate_language(self, language: str) -> str:
        """Return the tag as it is kept."""
        return parse_language(language) if language else ""


class CreditFormSerializer(serializers.Serializer[None]):
    """Who worked on the title, or plays in it; their order is that of the list."""

    person = PersonField()
    role = serializers.ChoiceField(CreditRole.choices)
    part = serializers.CharField(
        max_length=200, allow_blank=True, default="",
        help_text="Whom they play, or what they did.",
    )  # fmt: skip


class _WholeField(serializers.Field[Any, Any, Any, Any]):
    """An object that is sent whole; in a PATCH DRF would let fields of nested ones be missing."""

    form: type[serializers.Serializer[None]]

    def to_internal_value(self, data: Any) -> Any:
        """Return the object's checked values."""
        return self._whole.run_validation(data)

    @cached_property
    def _whole(self) -> serializers.Serializer[None]:
        # Made once for all objects of a list, and of all rows of an import.
        return self.form()


@extend_schema_field(AliasFormSerializer)
class AliasField(_WholeField):
    form = AliasFormSerializer


@extend_schema_field(CreditFormSerializer)
class CreditField(_WholeField):
    form = CreditFormSerializer


def _list(child: serializers.Field[Any, Any, Any, Any], most: int) -> serializers.ListField:
    return serializers.ListField(child=child, max_length=most, default=list)


def _count(most: int) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=most, allow_null=True, default=None)


class TitleFormSerializer(serializers.Serializer[None]):
    """The facts of a title; PUT empties those that are not sent, except the poster."""

    name = serializers.CharField(max_length=300)
    original_name = serializers.CharField(max_length=300, allow_blank=True, default="")
    original_language = serializers.CharField(max_length=35, allow_blank=True, default="")
    aliases = _list(AliasField(), _MAX_WORDS)
    synopsis = SynopsisField(default=dict)
    status = serializers.ChoiceField(Status.choices, default=Status.ONGOING)
    content_rating = serializers.ChoiceField(Rating.choices, default=Rating.SAFE)
    year = serializers.IntegerField(min_value=1800, max_value=2200, allow_null=True, default=None)
    duration_minutes = _count(100_000)
    genres = _list(WordField(max_length=60), _MAX_WORDS)
    tags = _list(WordField(max_length=60), _MAX_WORDS)
    credits = _list(CreditField(), _MAX_CREDITS)
    trailers = _list(TrailerField(max_length=500), _MAX_TRAILERS)
    site_url = serializers.URLField(max_length=500, allow_blank=True, default="")
    poster = serializers.FileField(
        required=False, allow_null=True, allow_empty_file=True,
        help_text="A picture; null removes it.",
    )  # fmt: skip
    is_another = serializers.BooleanField(
        default=False,
        help_text="It is another title than the one that is called alike.",
    )

    def validate_original_language(self, language: str) -> str:
        """Return the tag as it is kept."""
        return parse_language(language) if language else ""


class MovieFormSerializer(TitleFormSerializer):
    """The facts of a movie."""

    status = serializers.ChoiceField(Status.choices, default=Status.COMPLETED)


class EpisodicFormSerializer(TitleFormSerializer):
    """The facts of what has episodes; `duration_minutes` is that of one."""

    season_count = _count(1_000)
    length = serializers.IntegerField(
        min_value=1, max_value=100_000, allow_null=True, default=None,
        help_text="Episodes known so far.",
    )  # fmt: skip
