"""/api/series/{slug}/chapters and /api/uploads: uploads are sent, followed and withdrawn."""

from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import ChoiceFilter, FilterSet, MultipleChoiceFilter
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.cached_views import CachedView
from accounts.api.throttles import ScopeThrottle
from accounts.models import User
from accounts.scopes import READ, UPLOAD
from common.files.storages import StorageUnavailable
from common.http.errors import AppError, Forbidden, NotFound
from common.http.pagination import FilterBackend, NumberedPages
from common.http.responses import PrivateResponse
from common.http.serializers import numbered_list, refusals
from common.languages import parse_language
from reader.api.chapters import (
    ChapterQuery,
    chapters_body,
    public_chapters_body,
    series_or_404,
)
from reader.api.serializers import ChapterRowSerializer
from reader.api.upload_serializers import (
    QuotaSerializer,
    UploadAcceptedSerializer,
    UploadRowSerializer,
    UploadSerializer,
    with_words,
)
from reader.intake.quotas import quota_left
from reader.intake.uploads import (
    Submission,
    refuse_submitter,
    submit_upload,
    withdraw_upload,
)
from reader.models import Chapter, Upload, UploadQuerySet
from reader.states import UploadState

# Allowed on top of the zip: the other form fields and the boundaries between them.
_FORM_BYTES = 100_000


class SubmissionFormSerializer(serializers.Serializer[None]):
    """What comes with a zip."""

    file = serializers.FileField(allow_empty_file=True)
    number = serializers.DecimalField(
        max_digits=10, decimal_places=3, min_value=Decimal(0), required=False, allow_null=True,
        help_text=gettext_lazy("Empty for a one-shot."),
    )  # fmt: skip
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    language = serializers.CharField(max_length=35, required=False, default="en")
    volume = serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, allow_null=True
    )
    group = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")

    def validate_language(self, language: str) -> str:
        """Return the BCP 47 tag in lower case; raises a validation error for other text."""
        return parse_language(language)


class SeriesChaptersView(CachedView):
    """Lists the chapters of a series, and takes new ones."""

    query = ChapterQuery
    families = ("chapters", "titles")
    parser_classes = [MultiPartParser]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ, "POST": UPLOAD}

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        return public_chapters_body(self, request, place["id_or_slug"])

    @extend_schema(
        parameters=[ChapterQuery],
        responses={
            200: numbered_list(ChapterRowSerializer, "ChapterPage"),
            **refusals(400, 401, 403, 404, 429),
        },
    )
    def get(self, request: Request, id_or_slug: str) -> Response:
        """List a series' chapters."""
        series = series_or_404(id_or_slug, request)
        # Chapters without a live upload are in no list: their uploads are on /api/uploads.
        chapters = Chapter.objects.filter(series=series.pk, live_upload__isnull=False)
        return PrivateResponse(chapters_body(request._request, chapters.visible_to(request.user)))

    @extend_schema(
        request={"multipart/form-data": SubmissionFormSerializer},
        responses={
            202: UploadAcceptedSerializer,
            **refusals(400, 401, 403, 404, 409, 422, 429, 503),
        },
    )
    def post(self, request: Request, id_or_slug: str) -> Response:
        """Submit a chapter as a zip of its pages."""
        refuse_early(request)
        series = series_or_404(id_or_slug, request)
        form = SubmissionFormSerializer(data=_received_form(request))
        form.is_valid(raise_exception=True)
        words = form.validated_data
        upload = submit_upload(
            series,
            uploader=current_user(request),
            archive=words["file"],
            submission=Submission(
                number=words.get("number"),
                language=words["language"],
                title=words["title"].strip(),
                volume=words.get("volume"),
                group=words["group"],
            ),
        )
        return PrivateResponse(UploadAcceptedSerializer(upload).data, status=202)

    def get_throttles(self) -> list[Any]:
        """Count submissions apart from all other requests."""
        self.throttle_scope = "upload" if self.request.method == "POST" else None
        return [ScopeThrottle()]


def refuse_early(request: Request) -> None:
    """Refuse users who may not submit, and bodies that are too long, before the body is read.

    Raises AppError with the status 401 or 422, or as `refuse_submitter`.
    """
    if not isinstance(request.user, User):
        raise AppError(_("Log in first."), code="not_authenticated", status=401)
    refuse_submitter(request.user)
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    max_bytes: int = settings.UPLOAD_LIMITS["max_archive_bytes"]
    if length > max_bytes + _FORM_BYTES:
        message = _(
            "The zip is larger than %(max_megabytes)s MB. "
            "Split the chapter or make its pages smaller."
        )
        raise AppError(
            message % {"max_megabytes": max_bytes // 2**20}, code="too_large", status=422
        )


def _received_form(request: Request) -> Any:
    try:
        return request.data
    except OSError as error:  # the disk is full: the part that was written is deleted
        raise StorageUnavailable from error


class UploadFilter(FilterSet):
    """Filters uploads by state; keeps the user's own where `scope` is not `all`."""

    # DISTINCT would sort whole rows, and is not needed: no join repeats a row.
    state = MultipleChoiceFilter(choices=UploadState.choices, distinct=False)
    scope = ChoiceFilter(choices=[("mine", "mine"), ("all", "all")], method="keep_all")

    def keep_all(self, uploads: UploadQuerySet, name: str, scope: str) -> UploadQuerySet:
        """Keep all uploads: `filter_queryset` applies `scope`, as it runs also without one."""
        return uploads

    def filter_queryset(self, uploads: UploadQuerySet) -> UploadQuerySet:
        """Return the filtered uploads; raises Forbidden where only moderators may see them."""
        uploads = super().filter_queryset(uploads)
        user = self.request.user
        if self.form.cleaned_data["scope"] != "all":
            return uploads.filter(uploader=user.pk)
        if not user.has_perm("reader.moderate_upload"):
            raise Forbidden(_("Only moderators see everything."))
        return uploads


class UploadListView(ListAPIView[Upload]):
    """Lists the user's own uploads; with ?scope=all moderators get all of them."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": UPLOAD}
    queryset = Upload.objects.all()
    serializer_class = UploadRowSerializer
    filter_backends = [FilterBackend]
    filterset_class = UploadFilter
    pagination_class = NumberedPages

    @extend_schema(responses={200: UploadRowSerializer(many=True), **refusals(400, 401, 403, 429)})
    def get(self, request: Request) -> Response:
        """List uploads, the newest first."""
        return self.list(request)

    def get_queryset(self) -> UploadQuerySet:
        """Return the uploads that the user may see, the newest first."""
        uploads = with_words(Upload.objects.all().visible_to(self.request.user))
        return uploads.order_by("-created_at", "-pk")


class UploadQuotaView(APIView):
    """Shows how much the user may still submit."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": UPLOAD}

    @extend_schema(responses={200: QuotaSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> PrivateResponse:
        """Tell what may still be sent and checked, null where that is not limited."""
        user = current_user(request)
        refuse_submitter(user)
        return PrivateResponse(QuotaSerializer(quota_left(user)).data)


class UploadDetailView(APIView):
    """Shows and withdraws an upload."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": UPLOAD, "DELETE": UPLOAD}

    @extend_schema(responses={200: UploadSerializer, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, pk: int) -> PrivateResponse:
        """Show an upload with its pages."""
        return PrivateResponse(UploadSerializer(self.find(request, pk)).data)

    @extend_schema(responses={204: None, **refusals(401, 403, 404, 409, 429)})
    def delete(self, request: Request, pk: int) -> PrivateResponse:
        """Withdraw an upload that has not been decided."""
        withdraw_upload(self.find(request, pk), user=current_user(request))
        return PrivateResponse(status=204)

    def find(self, request: Request, pk: int) -> Upload:
        """Return the upload; raises NotFound where the user may not see it."""
        found = with_words(Upload.objects.all().visible_to(request.user)).filter(pk=pk).first()
        if found is None:
            raise NotFound(_("There is no such upload."))
        return found


class WaitingSerializer(serializers.Serializer[Any]):
    waiting = serializers.IntegerField(allow_null=True)
    mine_waiting = serializers.IntegerField()
    admin_url = serializers.CharField(allow_null=True)


class ModerationSummaryView(APIView):
    """Counts the uploads that wait for review."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: WaitingSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> PrivateResponse:
        """Count what waits for review."""
        may_decide = request.user.has_perm("reader.moderate_upload")
        waiting = Upload.objects.all().waiting()
        found = {
            "waiting": waiting.count() if may_decide else None,
            "mine_waiting": waiting.filter(uploader=request.user.pk).count(),
            "admin_url": "/admin/reader/upload/review/" if may_decide else None,
        }
        return PrivateResponse(WaitingSerializer(found).data)
