"""/api/reports: reporting something, and the user's own reports."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer, inline_serializer
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.throttles import ScopeThrottle
from accounts.scopes import READ
from common.http.pagination import CursorPages
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from common.report_subjects import subject_kinds
from safety.models import Case, CaseState, Reason, Report
from safety.reports import report_content

_MAX_ID = 2**63 - 1


class ReportFormSerializer(serializers.Serializer[None]):
    """The reported object, the reason and a text."""

    subject_type = serializers.ChoiceField(choices=list(subject_kinds()))
    subject_id = serializers.IntegerField(min_value=1, max_value=_MAX_ID)
    reason = serializers.ChoiceField(choices=Reason.values)
    text = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class SubjectSerializer(serializers.Serializer[Case]):
    """The reported object; it may be deleted by now."""

    type = serializers.CharField(source="subject_type")
    id = serializers.IntegerField(source="subject_id")
    label = serializers.CharField(source="shown_label")  # type: ignore[assignment] # a column
    url = serializers.CharField(source="subject_url", help_text="in the web app")


class ReportSerializer(serializers.Serializer[Report]):
    """A report of the user."""

    id = serializers.IntegerField()
    subject = SubjectSerializer(source="case")
    reason = serializers.ChoiceField(choices=Reason.values)
    text = serializers.CharField()
    state = serializers.ChoiceField(choices=CaseState.values, source="case.state")
    answer = serializers.CharField(
        source="case.answer", help_text="a moderator's, once it is decided; may be empty"
    )
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(source="case.decided_at", allow_null=True)


@extend_schema_serializer(component_name="ReportReason")
class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=Reason.values, source="value")
    label = serializers.CharField()  # type: ignore[assignment] # a column


class ReportsView(ListAPIView[Report]):
    """Lists the user's reports, and takes new ones."""

    permission_classes = [IsAuthenticated]
    queryset = Report.objects.select_related("case")
    serializer_class = ReportSerializer
    pagination_class = CursorPages

    @extend_schema(responses={200: ReportSerializer(many=True), **refusals(400, 401, 403, 429)})
    def get(self, request: Request) -> Response:
        """List one's reports, newest first."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[Report]:
        """Return the reports of the user."""
        return super().get_queryset().filter(reporter=current_user(self.request))

    @extend_schema(
        request=ReportFormSerializer,
        responses={
            200: ReportSerializer,
            201: ReportSerializer,
            **refusals(400, 401, 403, 404, 429),
        },
    )
    def post(self, request: Request) -> PrivateResponse:
        """Report something; 200 where one has reported it before, and its words are replaced."""
        form = ReportFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        words = form.validated_data
        report, is_new = report_content(
            words["subject_type"],
            words["subject_id"],
            reporter=current_user(request),
            reason=Reason(words["reason"]),
            text=words["text"],
        )
        return PrivateResponse(ReportSerializer(report).data, status=201 if is_new else 200)

    def get_throttles(self) -> list[Any]:
        """Count reports apart from everything else."""
        self.throttle_scope = "report" if self.request.method == "POST" else None
        return [ScopeThrottle()]


class ReportReasonsView(APIView):
    """The reasons that a report can have."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(
        responses={
            200: inline_serializer("ReportReasons", {"results": ReasonSerializer(many=True)}),
            **refusals(401, 403, 429),
        }
    )
    def get(self, request: Request) -> PrivateResponse:
        """List the reasons in the language that is asked for."""
        return PrivateResponse({"results": ReasonSerializer(list(Reason), many=True).data})
