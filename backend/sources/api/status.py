"""/api/sources/status and /api/sources/stats: how outside catalogues are doing, for everybody."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.scopes import READ
from sources.answers.status import stats_of_all, status_of_all

STATES = ("up", "slow", "limited", "down", "off", "unused")


@extend_schema_serializer(component_name="SourceLastError")
class SourceErrorSerializer(serializers.Serializer[dict[str, Any]]):
    """What went wrong last."""

    code = serializers.CharField()
    detail = serializers.CharField()
    at = serializers.DateTimeField()


@extend_schema_serializer(component_name="SourceHour")
class HourSerializer(serializers.Serializer[dict[str, Any]]):
    """An hour of a source."""

    at = serializers.DateTimeField(help_text="its begin")
    calls = serializers.IntegerField()
    errors = serializers.IntegerField(help_text="of the calls")  # type: ignore[assignment]
    limited = serializers.IntegerField(help_text="calls that were answered with: wait")
    mean_ms = serializers.IntegerField(allow_null=True)


class SourceStatusSerializer(serializers.Serializer[dict[str, Any]]):
    """How a source is doing."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    site_url = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True, help_text="it is asked nothing before")
    last_error = SourceErrorSerializer(allow_null=True)
    latency_ms = serializers.IntegerField(allow_null=True, help_text="of the last hour with calls")
    hours = HourSerializer(many=True, help_text="the last 24, the oldest first")


@extend_schema_serializer(many=False)
class SourceStatusesSerializer(serializers.Serializer[dict[str, Any]]):
    """How all sources are doing."""

    results = SourceStatusSerializer(many=True)


class SourceStatsSerializer(serializers.Serializer[dict[str, Any]]):
    """What a source was asked within 24 hours, and what is kept of its answers."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    questions = serializers.IntegerField(help_text="of people and of background work")
    saved_calls = serializers.IntegerField(help_text="questions that needed no call")
    hits = serializers.IntegerField(help_text="answered by what is kept")
    stale = serializers.IntegerField(help_text="answered by what is old")
    negative = serializers.IntegerField(help_text="known to have no answer")
    joined = serializers.IntegerField(help_text="waited for the call of another question")
    misses = serializers.IntegerField()
    calls = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]
    limited = serializers.IntegerField()
    mean_ms = serializers.IntegerField(allow_null=True)
    answers = serializers.IntegerField(help_text="kept now")
    oldest_at = serializers.DateTimeField(allow_null=True)
    newest_at = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(many=False)
class SourcesStatsSerializer(serializers.Serializer[dict[str, Any]]):
    """What all sources were asked."""

    results = SourceStatsSerializer(many=True)


class SourceStatusView(APIView):
    """How each outside catalogue is doing, with a graph of 24 hours."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses=SourceStatusesSerializer)
    def get(self, request: Request) -> Response:
        """Return the state of each source."""
        return Response(SourceStatusesSerializer({"results": status_of_all()}).data)


class SourceStatsView(APIView):
    """What the cached answers of outside catalogues are worth."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses=SourcesStatsSerializer)
    def get(self, request: Request) -> Response:
        """Return the counters of each source."""
        return Response(SourcesStatsSerializer({"results": stats_of_all()}).data)
