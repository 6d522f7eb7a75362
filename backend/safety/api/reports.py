"""/api/reports: reporting something, and what became of one's reports."""

from typing import Any, ClassVar

from django.db.models import Q
from drf_spectacular.utils import extend_schema, inline_serializer
from pydantic import BaseModel, Field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.throttles import ScopeThrottle
from accounts.scopes import READ
from common.http.queries import parse_query, query_parameters
from common.http.responses import PrivateResponse
from common.http.shapes import cursor_shape, refusals
from common.report_subjects import subject_kinds
from reader.api.chapters import make_cursor, read_cursor
from safety.models import CaseState, Reason, Report
from safety.reports import report_content

_MAX_ID = 2**63 - 1


class ReportForm(serializers.Serializer[None]):
    """What is wrong with what."""

    subject_type = serializers.ChoiceField(choices=list(subject_kinds()))
    subject_id = serializers.IntegerField(min_value=1, max_value=_MAX_ID)
    reason = serializers.ChoiceField(choices=Reason.values)
    text = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class SubjectShape(serializers.Serializer[Any]):
    """What was reported; it may be gone."""

    type = serializers.CharField()
    id = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment] # a column, not the field's own
    url = serializers.CharField(help_text="in the web app")


class ReportShape(serializers.Serializer[Any]):
    """One of one's own reports."""

    id = serializers.IntegerField()
    subject = SubjectShape()
    reason = serializers.ChoiceField(choices=Reason.values)
    text = serializers.CharField()
    state = serializers.ChoiceField(choices=CaseState.values)
    answer = serializers.CharField(help_text="a moderator's, once it is decided; may be empty")
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class ReportQuery(BaseModel):
    """Which part of one's reports."""

    cursor: str = Field(default="", max_length=100)
    page_size: int = Field(default=24, ge=1, le=100)


class ReportsView(APIView):
    """List one's own reports, and take new ones."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        parameters=query_parameters(ReportQuery),
        responses={200: cursor_shape(ReportShape, "ReportPage"), **refusals(400, 401, 403, 429)},
    )
    def get(self, request: Request) -> PrivateResponse:
        """List one's reports, newest first."""
        query = parse_query(ReportQuery, request._request.GET)
        mine = Report.objects.filter(reporter=current_user(request)).select_related("case")
        if query.cursor:
            moment, pk = read_cursor(query.cursor)
            mine = mine.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=pk))
        found = list(mine.order_by("-created_at", "-pk")[: query.page_size + 1])
        following = None
        if len(found) > query.page_size:
            found.pop()
            asked = request._request.GET.copy()
            asked["cursor"] = make_cursor(found[-1].created_at, found[-1].pk)
            following = f"{request.path}?{asked.urlencode()}"
        rows = [report_row(report) for report in found]
        return PrivateResponse({"next": following, "previous": None, "results": rows})

    @extend_schema(
        request=ReportForm,
        responses={
            200: ReportShape,
            201: ReportShape,
            **refusals(400, 401, 403, 404, 429),
        },
    )
    def post(self, request: Request) -> PrivateResponse:
        """Report something; 200 where one has reported it before, and its words are replaced."""
        form = ReportForm(data=request.data)
        form.is_valid(raise_exception=True)
        words = form.validated_data
        report, is_new = report_content(
            words["subject_type"],
            words["subject_id"],
            reporter=current_user(request),
            reason=Reason(words["reason"]),
            text=words["text"],
        )
        return PrivateResponse(report_row(report), status=201 if is_new else 200)

    def get_throttles(self) -> list[Any]:
        """Count reports apart from everything else."""
        self.throttle_scope = "report" if self.request.method == "POST" else None
        return [ScopeThrottle()]


class ReportReasonsView(APIView):
    """What a report can be for."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(
        responses={
            200: inline_serializer(
                "ReportReasons",
                {
                    "results": inline_serializer(
                        "ReportReason",
                        {
                            "code": serializers.ChoiceField(choices=Reason.values),
                            "label": serializers.CharField(),
                        },
                        many=True,
                    )
                },
            ),
            **refusals(401, 403, 429),
        }
    )
    def get(self, request: Request) -> PrivateResponse:
        """List the reasons in the language that is asked for."""
        rows = [{"code": reason.value, "label": str(reason.label)} for reason in Reason]
        return PrivateResponse({"results": rows})


def report_row(report: Report) -> dict[str, Any]:
    """Shape a report for who made it: nothing of who else reported."""
    case = report.case
    return {
        "id": report.pk,
        "subject": {
            "type": case.subject_type,
            "id": case.subject_id,
            "label": case.shown_label,
            "url": case.subject_url,
        },
        "reason": report.reason,
        "text": report.text,
        "state": case.state,
        "answer": case.answer,
        "created_at": report.created_at,
        "decided_at": case.decided_at,
    }
