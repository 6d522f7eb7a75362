"""/api/jobs: what a user has done to many rows at once; its progress, its outcome, its undo."""

from typing import Any, ClassVar

from django.db.models import Count, F
from django.utils.translation import gettext as _
from django_filters import CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.jobs import stop_job_of, undo_job_of
from accounts.scopes import LIBRARY, READ
from common.http.errors import NotFound
from common.http.pagination import CountedCursorPages, CursorPages, FilterBackend
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from common.models import ACTIVE_JOBS, Job, JobItem, JobState
from common.work.jobs import can_undo


class JobOutcomeSerializer(serializers.Serializer[dict[str, int]]):
    """How many items have which outcome."""

    done = serializers.IntegerField(default=0)
    skipped = serializers.IntegerField(default=0)
    failed = serializers.IntegerField(default=0)
    undone = serializers.IntegerField(default=0, help_text="of those that were done")


class JobSerializer(serializers.Serializer[Job]):
    """A job as everything that starts or shows one answers it."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(JobState.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    outcome = JobOutcomeSerializer()
    error_code = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    undo_until = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(
        allow_null=True, help_text="when undoing it began; it is undone when it is not running"
    )
    can_undo = serializers.SerializerMethodField()
    can_stop = serializers.BooleanField()

    def get_can_undo(self, job: Job) -> bool:
        """Return True where it can be undone now."""
        return can_undo(job)


class JobWithCodesSerializer(JobSerializer):
    """One job with the reasons of its rows."""

    codes = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="how many of its items have which code, once it is not running",
    )


class JobItemSerializer(serializers.Serializer[JobItem]):
    position = serializers.IntegerField()
    subject_id = serializers.IntegerField(allow_null=True)
    outcome = serializers.ChoiceField(
        JobItem.Outcome.choices, allow_blank=True, help_text="empty: it waits"
    )
    code = serializers.CharField(allow_blank=True, help_text="why it is not done, or not undone")
    fields = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), allow_null=True,
        help_text="what was wrong with which field, where a row was sent",
    )  # type: ignore[assignment]  # fmt: skip
    undone = serializers.BooleanField()


class KeptJobItemSerializer(JobItemSerializer):
    """An item that is kept; those of a dry run may be answered without being kept."""

    id = serializers.IntegerField()


class JobItemFilter(FilterSet):
    outcome = ChoiceFilter(choices=JobItem.Outcome.choices)
    code = CharFilter(max_length=50)

    class Meta:
        model = JobItem
        fields: ClassVar[list[str]] = ["outcome", "code"]


class ItemPages(CountedCursorPages):
    """The items of a job in their order."""

    ordering = ("position",)


class JobListView(ListAPIView[Job]):
    """The jobs of the user."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}
    pagination_class = CursorPages
    serializer_class = JobSerializer

    def get_queryset(self) -> Any:
        """Return the user's own jobs."""
        return Job.objects.filter(owner=self.request.user.pk).defer("parameters")

    @extend_schema(responses={200: JobSerializer(many=True), **refusals(400, 401, 403, 429)})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """List one's jobs, the newest first; finished ones are kept while they can be undone."""
        return super().get(request, *args, **kwargs)


class JobView(APIView):
    """One job of the user."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses={200: JobWithCodesSerializer, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, pk: int) -> PrivateResponse:
        """Tell how far it is."""
        job = _job_or_404(request, pk)
        return PrivateResponse({**JobSerializer(job).data, "codes": _codes_of(job)})


class JobItemsView(ListAPIView[JobItem]):
    """The rows that a job changes."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}
    pagination_class = ItemPages
    serializer_class = KeptJobItemSerializer
    filter_backends = (FilterBackend,)
    filterset_class = JobItemFilter

    def get_queryset(self) -> Any:
        """Return the items of the user's own job."""
        if getattr(self, "swagger_fake_view", False):
            return JobItem.objects.none()
        items = JobItem.objects.filter(job=_job_or_404(self.request, self.kwargs["pk"]))
        return items.defer("before").annotate(fields=F("before__fields"))

    @extend_schema(
        responses={
            200: KeptJobItemSerializer(many=True),
            **refusals(400, 401, 403, 404, 429),
        }
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """List its items in their order, such as those that failed."""
        return super().get(request, *args, **kwargs)


class JobStopView(APIView):
    """Stops a job."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=None, responses={200: JobSerializer, **refusals(401, 403, 404, 409, 429)}
    )
    def post(self, request: Request, pk: int) -> PrivateResponse:
        """Stop it; what is done stays, and can be undone."""
        job = _job_or_404(request, pk)
        stop_job_of(job, user=current_user(request))
        return PrivateResponse(JobSerializer(job).data)


class JobUndoView(APIView):
    """Undoes a job."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=None, responses={200: JobSerializer, **refusals(401, 403, 404, 409, 429)}
    )
    def post(self, request: Request, pk: int) -> PrivateResponse:
        """Undo what it did, except what has changed since; a long one goes on as running."""
        job = _job_or_404(request, pk)
        undo_job_of(job, user=current_user(request))
        return PrivateResponse(JobSerializer(job).data)


def _codes_of(job: Job) -> dict[str, int]:
    if job.state in ACTIVE_JOBS:
        return {}
    counted = JobItem.objects.filter(job=job).exclude(code="").values("code")
    return dict(counted.annotate(count=Count("pk")).values_list("code", "count"))


def _job_or_404(request: Request, pk: int) -> Job:
    job = Job.objects.filter(owner=request.user.pk, pk=pk).first()
    if job is None:
        raise NotFound(_("There is no such job."))
    return job
