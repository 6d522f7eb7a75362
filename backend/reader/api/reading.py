"""Reading progress of a chapter, of many at once and of a series; the series to continue."""

import math
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.models import User
from accounts.scopes import LIBRARY, READ
from common.http.errors import AppError, Invalid, NotFound, invalid_fields
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from reader.api.chapters import series_or_404
from reader.api.serializers import (
    ProgressAnswersSerializer,
    ProgressListSerializer,
    ProgressSerializer,
    ReadingListSerializer,
)
from reader.models import Chapter, ReadingState
from reader.reading.progress import (
    Progress,
    marks_of_series,
    place_in,
    recent_reading,
    save_progress,
    save_progress_rows,
)

# Enough for some days of offline reading; more rows are sent in several requests.
MAX_ROWS = 100


class FractionField(serializers.FloatField):
    """A finite number: Python takes "nan" for a float, and no limit refuses it."""

    def to_internal_value(self, data: Any) -> float:
        """Return the number; raises a validation error for infinity and NaN."""
        value = float(super().to_internal_value(data))
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class ProgressFormSerializer(serializers.Serializer[None]):
    """A page turn."""

    page = serializers.IntegerField(
        min_value=0, max_value=32_000, help_text="beyond the last page it means the last"
    )
    offset = FractionField(
        min_value=0,
        max_value=1,
        default=0.0,
        help_text="in strips, a fraction of the page's height",
    )
    finished = serializers.BooleanField(default=False)
    changed_at = serializers.DateTimeField()


class ProgressRowFormSerializer(ProgressFormSerializer):
    """A page turn in one of many chapters."""

    chapter = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    page = serializers.IntegerField(min_value=0, max_value=32_000, default=0)
    unread = serializers.BooleanField(
        default=False, help_text="forget what was read until then; page and finished mean nothing"
    )


class ProgressRowsFormSerializer(serializers.Serializer[None]):
    """Page turns, in any order, also several of one chapter."""

    rows = serializers.ListField(child=ProgressRowFormSerializer(), max_length=MAX_ROWS)


class UnreadFormSerializer(serializers.Serializer[None]):
    """The time when a chapter was marked unread, by default now; later progress stays."""

    changed_at = serializers.DateTimeField(required=False)


class ChapterProgressView(APIView):
    """Saves the user's progress in a chapter."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"PUT": LIBRARY, "DELETE": LIBRARY}

    @extend_schema(
        request=ProgressFormSerializer,
        responses={200: ProgressSerializer, **refusals(400, 401, 403, 404, 429)},
    )
    def put(self, request: Request, pk: int) -> PrivateResponse:
        """Save a page turn; an older one than is known changes nothing but what is finished."""
        chapter = _chapter_or_404(pk, request)
        form = ProgressFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return _saved(chapter, _progress(form.validated_data), request)

    @extend_schema(
        parameters=[UnreadFormSerializer],
        request=None,
        responses={200: ProgressSerializer, **refusals(400, 401, 403, 404, 429)},
    )
    def delete(self, request: Request, pk: int) -> PrivateResponse:
        """Mark a chapter unread; what was read after `changed_at` stays."""
        chapter = _chapter_or_404(pk, request)
        form = UnreadFormSerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        changed_at = form.validated_data.get("changed_at") or timezone.now()
        progress = Progress(0, is_finished=False, changed_at=changed_at, is_unread=True)
        return _saved(chapter, progress, request)


class ProgressRowsView(APIView):
    """Saves the progress of a device that was offline."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=ProgressRowsFormSerializer,
        responses={200: ProgressAnswersSerializer, **refusals(400, 401, 403, 429)},
    )
    def post(self, request: Request) -> PrivateResponse:
        """Save many page turns; each row has its own answer, in the order sent."""
        sent = request.data.get("rows") if isinstance(request.data, dict) else None
        if not isinstance(sent, list) or len(sent) > MAX_ROWS:
            message = _("Send a list of up to %(count)d rows.") % {"count": MAX_ROWS}
            raise Invalid(message, fields={"rows": [message]})
        answers = {"results": _save_rows(sent, current_user(request))}
        return PrivateResponse(ProgressAnswersSerializer(answers).data)


class SeriesProgressView(APIView):
    """Lists the user's progress in the chapters of a series."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses={200: ProgressListSerializer, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """List the read marks of a series, those of chapters marked unread too (page 0)."""
        series = series_or_404(id_or_slug, request)
        # Without a serializer: of 3,000 marks it took most of the time (`python -m bench library`).
        marks = marks_of_series(current_user(request).pk, series.pk)
        return PrivateResponse({"results": marks})


class RecentReadingView(APIView):
    """Lists the series that the user can continue."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses={200: ReadingListSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> PrivateResponse:
        """List the series one is reading, the last one first."""
        # Without a serializer: this view is measured (`python -m bench reading`), and its rows
        # come from compiled SQL.
        return PrivateResponse({"results": recent_reading(current_user(request))})


def _chapter_or_404(pk: int, request: Request) -> Chapter:
    chapter = Chapter.objects.all().visible_to(request.user).filter(pk=pk).first()
    if chapter is None:
        raise _no_such_chapter()
    return chapter


def _no_such_chapter() -> NotFound:
    return NotFound(_("There is no such chapter."))


def _progress(words: dict[str, Any]) -> Progress:
    return Progress(
        page=words["page"],
        offset=words["offset"],
        is_finished=words["finished"],
        is_unread=words.get("unread", False),
        changed_at=words["changed_at"],
    )


def _saved(chapter: Chapter, progress: Progress, request: Request) -> PrivateResponse:
    state = save_progress(chapter, user=current_user(request), progress=progress)
    return PrivateResponse(ProgressSerializer(_row_of(chapter, state)).data)


def _save_rows(sent: list[Any], user: User) -> list[dict[str, Any]]:
    """Save the valid rows, and return an answer for each row sent."""
    form = ProgressRowFormSerializer()
    checked = [_check_row(form, row) for row in sent]
    ids = {words["chapter"] for words in checked if isinstance(words, dict)}
    chapters = Chapter.objects.all().visible_to(user).in_bulk(ids)
    turns = [
        (chapters[words["chapter"]], _progress(words))
        for words in checked
        if isinstance(words, dict) and words["chapter"] in chapters
    ]
    states = {state.chapter_id: state for state in save_progress_rows(turns, user=user)}
    answers = []
    for row, words in zip(sent, checked, strict=True):
        if isinstance(words, AppError):
            answers.append(_refused(_chapter_of(row), words))
        elif words["chapter"] not in states:
            answers.append(_refused(words["chapter"], _no_such_chapter()))
        else:
            pk = words["chapter"]
            kept = _row_of(chapters[pk], states[pk])
            answers.append({"chapter": pk, "progress": kept, "error": None})
    return answers


def _check_row(form: ProgressRowFormSerializer, row: Any) -> dict[str, Any] | AppError:
    try:
        words: dict[str, Any] = form.run_validation(row)
    except serializers.ValidationError as error:
        return invalid_fields(error)
    return words


def _chapter_of(row: Any) -> int | None:
    """Return the chapter id of a refused row; None where it has no valid one."""
    pk = row.get("chapter") if isinstance(row, dict) else None
    return pk if type(pk) is int and 0 < pk < 2**63 else None


def _refused(chapter: int | None, error: AppError) -> dict[str, Any]:
    return {"chapter": chapter, "progress": None, "error": error.body()}


def _row_of(chapter: Chapter, state: ReadingState) -> dict[str, Any]:
    return _progress_row(
        chapter_id=chapter.pk,
        page_count=chapter.page_count,
        page=state.page,
        offset=state.offset,
        finished_at=state.finished_at,
        changed_at=state.changed_at,
    )


def _progress_row(
    *, chapter_id: int, page_count: int, page: int, offset: float, **moments: datetime | None
) -> dict[str, Any]:
    page, offset = place_in(page_count, page, offset)
    return {"chapter": chapter_id, "page": page, "offset": offset, **moments}
