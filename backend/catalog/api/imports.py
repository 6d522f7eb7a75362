"""POST /api/titles/import: moderators enter many titles from rows."""

from collections import Counter
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.jobs import JobItemSerializer, JobOutcomeSerializer, JobSerializer
from catalog.choices import Kind
from catalog.import_files import MAX_FILE_BYTES, read_file, refuse_count
from catalog.importing import import_titles, try_import
from catalog.permissions import MODERATE
from catalog.row_checks import CheckedRow
from common.files.pictures.rules import MIB
from common.http.errors import Forbidden
from common.http.parsers import JsonParser, MultiPartParser
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class _ImportOptionsSerializer(serializers.Serializer[None]):
    kind = serializers.ChoiceField(
        Kind.choices, allow_blank=True, default="", help_text="of the rows that name none"
    )
    dry_run = serializers.BooleanField(
        default=False, help_text="tell what would become of each row, and change nothing"
    )


class ImportRowsSerializer(_ImportOptionsSerializer):
    """Titles as JSON: each row is what enters one title, with its `kind`."""

    rows = serializers.ListField(child=serializers.JSONField())


class ImportFileSerializer(_ImportOptionsSerializer):
    """Titles as a file: .csv, whose first line names the fields, or .json."""

    file = serializers.FileField(allow_empty_file=True)


class ImportResultSerializer(JobItemSerializer):
    """What would become of a row; `subject_id` is the title that is here already."""

    undone = None  # type: ignore[assignment]  # nothing is done yet


class ImportTrialSerializer(serializers.Serializer[Any]):
    """The answer to a dry run."""

    total = serializers.IntegerField()
    outcome = JobOutcomeSerializer()
    results = ImportResultSerializer(many=True)


class TitleImportView(APIView):
    """Imports titles."""

    permission_classes = [IsAuthenticated]
    parser_classes = [JsonParser, MultiPartParser]
    # A file that is too large is told so in its own words.
    max_body_bytes = MAX_FILE_BYTES + MIB

    @extend_schema(
        request={
            "application/json": ImportRowsSerializer, "multipart/form-data": ImportFileSerializer,
        },
        responses={
            200: ImportTrialSerializer, 202: JobSerializer,
            **refusals(400, 401, 403, 413, 415, 429),
        },
    )  # fmt: skip
    def post(self, request: Request) -> PrivateResponse:
        """Enter up to 10,000 titles: a worker does it, `/api/jobs/{id}/items` tells of each row.

        A row is skipped where a title of its kind, name and year is here, unless it says
        `is_another`. A dry run answers at once. The import can be undone for 30 days.
        """
        user = current_user(request)
        if not user.has_perm(MODERATE):  # before the body is read
            raise Forbidden(_("Only moderators may do this."))
        rows, options = _read(request)
        kind = options["kind"]
        if options["dry_run"]:
            return PrivateResponse(_told(try_import(rows, kind=kind, moderator=user)))
        job = import_titles(rows, kind=kind, moderator=user)
        return PrivateResponse(JobSerializer(job).data, status=202)


def _read(request: Request) -> tuple[list[Any], dict[str, Any]]:
    form = (
        ImportRowsSerializer(data=request.data)
        if (request.content_type or "").startswith("application/json")
        else ImportFileSerializer(data=request.data)
    )
    form.is_valid(raise_exception=True)
    words = form.validated_data
    rows = read_file(words["file"]) if "file" in words else refuse_count(words["rows"])
    return rows, words


def _told(checked: list[CheckedRow]) -> dict[str, Any]:
    return {
        "total": len(checked),
        "outcome": JobOutcomeSerializer(Counter(row.outcome for row in checked)).data,
        "results": [
            {
                "position": position, "subject_id": row.title_id, "outcome": row.outcome,
                "code": row.code, "fields": row.fields,
            }
            for position, row in enumerate(checked)
        ],
    }  # fmt: skip
