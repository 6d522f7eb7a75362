"""/api/sources and what is looked for there: search, autocomplete and how long a title is."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.scopes import READ
from catalog.api.serializers import CoverSerializer, names_field
from catalog.choices import Kind, Rating, Status
from catalog.models import Title
from common.http.errors import Invalid, NotFound
from common.http.preferences import read_preferences
from common.http.queries import Query, parse_query
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from sources.contract import Can
from sources.registry import all_sources, enabled_sources, find_source
from sources.switches import chapter_sources
from sources.titles.details import SourcePending, details_now
from sources.titles.results import Wanted, autocomplete, find_max, max_of_found, search

_MAX_QUERY = 200


class SearchQuery(Query):
    """What is looked for."""

    q = serializers.CharField(default="", max_length=_MAX_QUERY, allow_blank=True)
    type = serializers.ChoiceField(Kind.choices, required=False)


class SourceSearchQuery(SearchQuery):
    """What is looked for, and where."""

    source = serializers.CharField(  # type: ignore[assignment] # a field of DRF's has this name
        default="", max_length=30, allow_blank=True, help_text="only there; all where it is empty"
    )


class MaxQuery(SearchQuery):
    """A title by name and type, or by its id at a source."""

    source = serializers.CharField(default="", max_length=30)  # type: ignore[assignment]
    id = serializers.CharField(default="", max_length=200)


class SourceSerializer(serializers.Serializer[None]):
    """A source and what it can do."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of DRF's has this name
    site_url = serializers.CharField()
    kinds = serializers.ListField(child=serializers.ChoiceField(Kind.choices))
    languages = serializers.ListField(child=serializers.CharField(), help_text="empty: any")
    can = serializers.ListField(child=serializers.ChoiceField([can.value for can in Can]))
    credits = serializers.CharField(help_text="stands wherever its data is shown")
    is_enabled = serializers.BooleanField()
    chapters_enabled = serializers.BooleanField()


class SourceListSerializer(serializers.Serializer[None]):
    """All sources."""

    results = SourceSerializer(many=True)


class ResultSerializer(serializers.Serializer[None]):
    """A title as it is here and at sources; what is known here counts first."""

    title_id = serializers.IntegerField(allow_null=True, help_text="null: it is not here yet")
    slug = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(Kind.choices)
    name = serializers.CharField()
    names = names_field()
    year = serializers.IntegerField(allow_null=True)
    format = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(Status.choices, allow_null=True)
    content_rating = serializers.ChoiceField(Rating.choices, allow_null=True)
    cover = CoverSerializer(allow_null=True)
    max_progress = serializers.IntegerField(
        allow_null=True, help_text="chapters or episodes; minutes of a movie"
    )
    site_url = serializers.CharField(allow_blank=True)
    external_ids = serializers.DictField(child=serializers.CharField(), help_text="by site")
    source = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="the source to add it by, with `source_id`"
    )
    source_id = serializers.CharField(allow_null=True)
    sources = serializers.ListField(
        child=serializers.CharField(), help_text="where it was found; `mangakg` is here"
    )


class SourceErrorSerializer(serializers.Serializer[None]):
    """Why a source has not answered."""

    code = serializers.CharField()
    detail = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True, help_text="when to ask again")


class ResultsSerializer(serializers.Serializer[None]):
    """What was found."""

    results = ResultSerializer(many=True)
    pending = serializers.ListField(
        child=serializers.CharField(), help_text="sources that are being asked: ask again"
    )
    errors = serializers.DictField(  # type: ignore[assignment]
        child=SourceErrorSerializer(), help_text="by source"
    )
    is_stale = serializers.BooleanField(help_text="a source's answer is old, and is asked anew")


class MaxSerializer(serializers.Serializer[None]):
    """How far one gets in a title."""

    title = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(Kind.choices, allow_null=True)
    max_progress = serializers.IntegerField(allow_null=True, help_text="null: nobody knows")
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    id = serializers.CharField(allow_null=True, help_text="at the source")
    pending = serializers.BooleanField(help_text="a source is being asked: ask again")


class SourceListView(APIView):
    """The sources of this installation."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses={200: SourceListSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> PrivateResponse:
        """List the sources, those that are switched off too."""
        enabled = enabled_sources()
        with_chapters = chapter_sources()
        results = [
            {
                "name": name,
                "label": source.label,
                "site_url": source.site_url,
                "kinds": sorted(source.kinds),
                "languages": source.languages,
                "can": sorted(source.can),
                "credits": source.credits,
                "is_enabled": name in enabled,
                "chapters_enabled": name in with_chapters,
            }
            for name, source in all_sources().items()
        ]
        return PrivateResponse({"results": results})


class AutocompleteView(APIView):
    """What somebody may mean who is typing."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(
        parameters=[SearchQuery], responses={200: ResultsSerializer, **refusals(400, 401, 403, 429)}
    )
    def get(self, request: Request) -> PrivateResponse:
        """Find titles here and what sources have answered already; they are asked meanwhile.

        It answers at once. Ask again while `pending` names sources.
        """
        return PrivateResponse(autocomplete(_wanted(request, SearchQuery)))


class SearchView(APIView):
    """A search of the catalogue and all sources."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(
        parameters=[SourceSearchQuery],
        responses={200: ResultsSerializer, **refusals(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request) -> PrivateResponse:
        """Find titles here and at sources, which have five seconds to answer."""
        source = parse_query(SourceSearchQuery, request._request.GET)["source"]
        if source:
            find_source(source)
        return PrivateResponse(search(_wanted(request, SourceSearchQuery), source=source or None))


class SourceSearchView(APIView):
    """A search of one source."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(
        parameters=[SearchQuery],
        responses={200: ResultsSerializer, **refusals(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request, source: str) -> PrivateResponse:
        """Find titles at a source, which has five seconds to answer."""
        find_source(source)
        return PrivateResponse(search(_wanted(request, SearchQuery), source=source))


class MaxView(APIView):
    """How many chapters, episodes or minutes a title has."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(
        parameters=[MaxQuery],
        responses={200: MaxSerializer, **refusals(400, 401, 403, 404, 429, 502, 503)},
    )
    def get(self, request: Request) -> PrivateResponse:
        """Tell how far one gets in a title, by `q` and `type`, or by `source` and `id`."""
        query = parse_query(MaxQuery, request._request.GET)
        if query["source"] and query["id"]:
            try:
                found = details_now(query["source"], query["id"])
            except SourcePending:
                return PrivateResponse(max_of_found(query["source"], None))
            return PrivateResponse(max_of_found(query["source"], found))
        if not query["q"].strip():
            message = _("Say which title: by q, or by source and id.")
            raise Invalid(message, fields={"q": [message]})
        answer = find_max(_wanted(request, MaxQuery))
        if answer is None:
            raise NotFound(_("There is no such title."))
        return PrivateResponse(answer)


def _wanted(request: Request, form: type[SearchQuery]) -> Wanted:
    query: dict[str, Any] = parse_query(form, request._request.GET)
    kind = query.get("type")
    return Wanted(
        query=query["q"],
        kind=None if kind is None else Kind(kind),
        titles=Title.objects.all().visible_to(request.user),
        ratings=read_preferences(request._request).ratings,
    )
