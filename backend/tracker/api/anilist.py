"""/api/anilist: one's account at AniList is connected, shown, set and disconnected."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django_filters import FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.jobs import JobSerializer
from accounts.scopes import LIBRARY
from catalog.api.serializers import names_field
from catalog.choices import Kind
from common.http.errors import AppError
from common.http.pagination import CursorPages, FilterBackend, NumberedPages
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from tracker.anilist.client import CALLBACK
from tracker.anilist.conflicts import conflicts_of, decide_conflict
from tracker.anilist.connecting import (
    STATE_SECONDS,
    AniListOff,
    StateRefused,
    begin_connecting,
    change_settings,
    disconnect,
    take_code,
)
from tracker.anilist.importing import TYPES, start_import
from tracker.anilist.pulling import sync_now
from tracker.anilist.status import SETTINGS, status_of
from tracker.anilist.values import EMPTY
from tracker.api.item_query import IdsFilter
from tracker.choices import AniListState, Kept, KeptWhy
from tracker.models import AniListAccount, AniListConflict, AniListEntry

PAGE = "/settings/anilist"
POLICIES = ["keep", "overwrite", "latest"]


class ConnectUrlSerializer(serializers.Serializer[dict[str, Any]]):
    """Where somebody allows it."""

    url = serializers.CharField(help_text="a page of AniList, to be opened in this browser")


class AniListSettingsSerializer(serializers.ModelSerializer[Any]):
    """What somebody wants of the connection."""

    class Meta:
        model = AniListAccount
        fields = SETTINGS


class AniListErrorSerializer(serializers.Serializer[dict[str, str]]):
    """What went wrong last."""

    code = serializers.CharField()
    detail = serializers.CharField()


class LastImportSerializer(serializers.Serializer[dict[str, Any]]):
    """The import that was started last, as it was asked for."""

    id = serializers.IntegerField(help_text="of its job")
    dry_run = serializers.BooleanField()
    policy = serializers.ChoiceField(POLICIES)
    types = serializers.ListField(child=serializers.ChoiceField(TYPES))


class AniListStatusSerializer(AniListSettingsSerializer):
    """How one's connection to AniList stands."""

    is_available = serializers.BooleanField(
        help_text="false: the operator has not set it up, and nothing else of it can be done"
    )
    state = serializers.ChoiceField(
        choices=[("", ""), *AniListState.choices], help_text="empty: not connected"
    )
    name = serializers.CharField(help_text="there")
    score_format = serializers.CharField(help_text="there, such as POINT_10")
    site_url = serializers.CharField()
    connected_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="it has to be connected again before"
    )
    ends_soon = serializers.BooleanField(help_text="that is within 30 days")
    pulled_at = serializers.DateTimeField(allow_null=True, help_text="when the list was last read")
    pull_at = serializers.DateTimeField(allow_null=True, help_text="when it is read next")
    is_reading = serializers.BooleanField(help_text="the list is being read")
    last_result = serializers.DictField()
    waiting = serializers.IntegerField(help_text="titles whose changes wait to be sent")
    refused = serializers.IntegerField(help_text="titles whose changes AniList does not take")
    open_conflicts = serializers.IntegerField()
    error = AniListErrorSerializer(allow_null=True)
    job_id = serializers.IntegerField(allow_null=True, help_text="of an import that is running")
    last_import = LastImportSerializer(
        allow_null=True, help_text="running or not, while it is kept"
    )

    class Meta(AniListSettingsSerializer.Meta):
        fields = (
            *("is_available", "state", "name", "score_format", "site_url", "connected_at"),
            *("expires_at", "ends_soon", *SETTINGS, "pulled_at", "pull_at", "is_reading"),
            *("last_result", "waiting", "refused", "open_conflicts", "error", "job_id"),
            "last_import",
        )  # type: ignore[assignment]


class ConnectUrlView(APIView):
    """Begins a connection."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: ConnectUrlSerializer, **refusals(401, 403, 404, 429)})
    def get(self, request: Request) -> Response:
        """Return the page of AniList where the user allows it.

        The answer sets a cookie: they have to come back in the same browser, within ten minutes.
        """
        way = begin_connecting(current_user(request))
        response = PrivateResponse(ConnectUrlSerializer({"url": way.url}).data)
        response.set_cookie(
            settings.ANILIST_COOKIE_NAME,
            way.browser_secret,
            max_age=STATE_SECONDS,
            path=CALLBACK,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",  # AniList's page leads back here
        )
        return response


class CallbackView(APIView):
    """Where AniList sends a browser back to."""

    @extend_schema(
        parameters=[
            OpenApiParameter(name, OpenApiTypes.STR, description=text)
            for name, text in (
                ("state", "as connect-url gave it"),
                ("code", "for a worker to exchange"),
                ("error", "AniList's, where they did not allow it"),
            )
        ],
        responses={
            302: OpenApiResponse(description=f"to {PAGE}, with `?error=` and a code of ours"),
            **refusals(401, 403, 404, 429),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """Keep the code and go on to the settings; the person is known by the state alone."""
        query = request.query_params
        try:
            take_code(
                state=query.get("state", ""),
                browser_secret=request.COOKIES.get(settings.ANILIST_COOKIE_NAME, ""),
                code=query.get("code", ""),
                denied="error" in query,
            )
            target, is_over = PAGE, True
        except AniListOff:
            raise
        except AppError as error:
            target = f"{PAGE}?{urlencode({'error': error.code})}"
            # Pages of others can lead a browser here: they do not spoil what it has begun.
            is_over = not isinstance(error, StateRefused)
        response = HttpResponseRedirect(target, headers={"Cache-Control": "private, no-store"})
        if is_over:
            response.delete_cookie(settings.ANILIST_COOKIE_NAME, path=CALLBACK, samesite="Lax")
        return response


class AniListStatusView(APIView):
    """How one's connection stands, and what one wants of it."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY, "PATCH": LIBRARY}

    @extend_schema(responses={200: AniListStatusSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> Response:
        """Show it, also where there is none."""
        return PrivateResponse(AniListStatusSerializer(status_of(current_user(request).pk)).data)

    @extend_schema(
        request=AniListSettingsSerializer(partial=True),
        responses={200: AniListStatusSerializer, **refusals(400, 401, 403, 404, 409, 429)},
    )
    def patch(self, request: Request) -> Response:
        """Set what one wants of it."""
        form = AniListSettingsSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        user = current_user(request)
        change_settings(user, **form.validated_data)
        return PrivateResponse(AniListStatusSerializer(status_of(user.pk)).data)


class DisconnectView(APIView):
    """Ends a connection."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None, **refusals(401, 403, 429)})
    def post(self, request: Request) -> Response:
        """Forget the token and what was known of the list there; the library stays."""
        disconnect(current_user(request))
        return PrivateResponse(status=204)


class ImportFormSerializer(serializers.Serializer[dict[str, Any]]):
    """How a list is to be imported."""

    dry_run = serializers.BooleanField(default=False)
    policy = serializers.ChoiceField(
        POLICIES, default="latest",
        help_text="of what is in the library already: it stays; AniList's counts; the later counts",
    )  # fmt: skip
    types = serializers.ListField(
        child=serializers.ChoiceField(TYPES), default=list(TYPES), allow_empty=False, max_length=2
    )


class ImportView(APIView):
    """Imports one's list at AniList."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=ImportFormSerializer,
        responses={202: JobSerializer, **refusals(400, 401, 403, 404, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Start it: a worker does it, and `/api/jobs/{id}/items` tells of each entry.

        It can be undone for 30 days. A dry run is a job too, and changes nothing.
        """
        form = ImportFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        words = form.validated_data
        job = start_import(
            current_user(request), policy=words["policy"], types=words["types"],
            is_dry_run=words["dry_run"],
        )  # fmt: skip
        return PrivateResponse(JobSerializer(job).data, status=202)


class SyncView(APIView):
    """Reads one's list at AniList now."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=None,
        responses={202: AniListStatusSerializer, **refusals(401, 403, 404, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Let a worker begin; where the connection was paused, it goes on."""
        user = current_user(request)
        sync_now(user)
        return PrivateResponse(AniListStatusSerializer(status_of(user.pk)).data, status=202)


class ConflictSerializer(serializers.ModelSerializer[AniListConflict]):
    """A field that was changed on both sides."""

    title = serializers.CharField(source="title.name")
    title_id = serializers.IntegerField()
    names = names_field(source="title.names")
    type = serializers.ChoiceField(Kind.choices, source="title.kind")
    slug = serializers.CharField(source="title.path_slug")
    field = serializers.ChoiceField(list(EMPTY))
    mine = serializers.JSONField(allow_null=True, help_text="the value here")
    theirs = serializers.JSONField(allow_null=True, help_text="the value at AniList")
    why = serializers.ChoiceField(choices=[("", ""), *KeptWhy.choices])

    class Meta:
        model = AniListConflict
        fields = (
            *("id", "title", "title_id", "names", "type", "slug"),
            *("field", "mine", "theirs", "mine_at", "theirs_at"),
            *("kept", "why", "created_at", "decided_at"),
        )


class ConflictFormSerializer(serializers.Serializer[dict[str, Any]]):
    """Which value is to count."""

    keep = serializers.ChoiceField([Kept.MINE.value, Kept.THEIRS.value])


class ConflictListQuery(serializers.Serializer[dict[str, Any]]):
    """Which conflicts are asked for."""

    open = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="those that wait, or the others"
    )


class ConflictsView(ListAPIView[AniListConflict]):
    """The log of one's conflicts."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY}
    serializer_class = ConflictSerializer
    pagination_class = CursorPages

    def get_queryset(self) -> QuerySet[AniListConflict]:
        """Return the user's own conflicts."""
        if getattr(self, "swagger_fake_view", False):
            return AniListConflict.objects.none()
        asked = ConflictListQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return conflicts_of(current_user(self.request).pk, is_open=asked.validated_data["open"])

    @extend_schema(
        parameters=[ConflictListQuery],
        responses={200: ConflictSerializer(many=True), **refusals(400, 401, 403, 429)},
    )
    def get(self, request: Request, *args: Any, **place: Any) -> Response:
        """List them, the newest first."""
        return super().get(request, *args, **place)


class ConflictView(APIView):
    """One conflict."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=ConflictFormSerializer,
        responses={200: ConflictSerializer, **refusals(400, 401, 403, 404, 429)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Decide it, or turn round what was decided; the library has the value at once."""
        form = ConflictFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        keep = Kept(form.validated_data["keep"])
        conflict = decide_conflict(current_user(request), pk, keep=keep)
        return PrivateResponse(ConflictSerializer(conflict).data)


class AniListWaitingSerializer(serializers.ModelSerializer[AniListEntry]):
    """A title whose changes wait to be sent, or are refused."""

    title = serializers.CharField(source="title.name")
    title_id = serializers.IntegerField()
    names = names_field(source="title.names")
    type = serializers.ChoiceField(Kind.choices, source="title.kind")
    slug = serializers.CharField(source="title.path_slug")

    class Meta:
        model = AniListEntry
        fields = (
            *("id", "title", "title_id", "names", "type", "slug", "media_id"),
            *("waiting_since", "retry_at", "is_deleted_here", "refusal_code", "refusal"),
        )


class WaitingFilter(FilterSet):
    title_id = IdsFilter(lookup_expr="in", min_value=1, max_value=2**63 - 1)

    class Meta:
        model = AniListEntry
        fields: ClassVar[list[str]] = ["title_id"]


class WaitingView(ListAPIView[AniListEntry]):
    """What waits to be sent to one's list."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY}
    serializer_class = AniListWaitingSerializer
    pagination_class = NumberedPages
    filter_backends = (FilterBackend,)
    filterset_class = WaitingFilter

    def get_queryset(self) -> QuerySet[AniListEntry]:
        """Return the user's own titles: those that wait longest come first, then those refused."""
        if getattr(self, "swagger_fake_view", False):
            return AniListEntry.objects.none()
        own = AniListEntry.objects.filter(account=current_user(self.request).pk)
        found = own.filter(Q(waiting_since__isnull=False) | ~Q(refusal_code=""))
        return found.select_related("title").order_by(F("waiting_since").asc(nulls_last=True), "pk")

    @extend_schema(
        responses={200: AniListWaitingSerializer(many=True), **refusals(400, 401, 403, 429)}
    )
    def get(self, request: Request, *args: Any, **place: Any) -> Response:
        """List titles whose changes wait to be sent, and those that AniList does not take."""
        return super().get(request, *args, **place)
