"""/api/series/{id or slug}/sources: chapters of a series that are taken from sources."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import FilterSet, MultipleChoiceFilter
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from common.http.errors import NotFound
from common.http.pagination import FilterBackend, NumberedPages
from common.http.renderers import plain_number
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from common.languages import parse_language
from reader.api.chapters import series_or_404
from sources.chapters.follows import (
    Wish,
    change_follow,
    follow_series,
    refuse_asker,
    retry_chapter,
    stop_follow,
)
from sources.chapters.shown_states import (
    ShownState,
    count_states,
    reason_sentence,
    shown_reason,
    with_shown_state,
)
from sources.models import ChapterState, SourceChapter, SourceFollow

_MOST_LANGUAGES = 20
# The ids of a follow and of one of its chapters, in addresses below that of the series.
FOLLOW, CHAPTER = r"(?P<pk>[0-9]{1,18})", r"(?P<chapter>[0-9]{1,18})"


class NumberField(serializers.DecimalField):
    """The number of a chapter."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_digits=10, decimal_places=3, min_value=Decimal(0), required=False,
            allow_null=True, **options,
        )  # fmt: skip


class WishSerializer(serializers.Serializer[None]):
    """Which chapters are wanted."""

    languages = serializers.ListField(
        child=serializers.CharField(max_length=35), required=False, max_length=_MOST_LANGUAGES,
        help_text="empty: all that the source has; left out: those of this site",
    )  # fmt: skip
    to = NumberField(help_text="the last one; null: no end")
    follow = serializers.BooleanField(
        required=False, help_text="whether those that appear later are taken too"
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the field whose name is a word of Python."""
        first = NumberField(help_text="the first one; null: from the beginning")
        return {**super().get_fields(), "from": first}

    def validate_languages(self, tags: list[str]) -> list[str]:
        """Return the tags in lower case, each once."""
        return list(dict.fromkeys(parse_language(tag) for tag in tags))


class FollowFormSerializer(WishSerializer):
    """Which chapters of which title of a source are wanted."""

    source = serializers.CharField(max_length=30)  # type: ignore[assignment]
    id = serializers.CharField(max_length=100, help_text="the title's id at the source")


class FollowCountsSerializer(serializers.Serializer[None]):
    waiting = serializers.IntegerField()
    fetching = serializers.IntegerField()
    in_review = serializers.IntegerField()
    live = serializers.IntegerField()
    skipped = serializers.IntegerField()
    failed = serializers.IntegerField()


class FollowErrorSerializer(serializers.Serializer[None]):
    code = serializers.CharField()
    detail = serializers.CharField()


FOLLOW_STATES = ("checking", "following", "done", "failed")


class FollowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment] # a field of DRF's has this name
    source_id = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    languages = serializers.ListField(child=serializers.CharField())
    to = serializers.CharField(allow_null=True)
    is_following = serializers.BooleanField()
    state = serializers.ChoiceField([(state, state) for state in FOLLOW_STATES])
    asked_by = serializers.CharField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    next_check_at = serializers.DateTimeField(allow_null=True)
    counts = FollowCountsSerializer()
    error = FollowErrorSerializer(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the field whose name is a word of Python."""
        return {**super().get_fields(), "from": serializers.CharField(allow_null=True)}


def follow_row(follow: SourceFollow, counts: dict[str, int]) -> dict[str, Any]:
    """Return the facts of a follow; `counts` are of its chapters by shown state."""
    error = None
    if follow.error_code:
        error = {"code": follow.error_code, "detail": reason_sentence(follow.error_code)}
    return {
        "id": follow.pk,
        "source": follow.source,
        "source_id": follow.external_id,
        "title": follow.title,
        "languages": follow.languages,
        "from": _number(follow.from_number),
        "to": _number(follow.to_number),
        "is_following": follow.is_following,
        "state": _state_of(follow),
        "asked_by": follow.asked_by.username if follow.asked_by else None,
        "checked_at": follow.checked_at,
        "next_check_at": follow.check_at,
        "counts": counts,
        "error": error,
    }


def _state_of(follow: SourceFollow) -> str:
    if follow.error_code and follow.check_at is None:
        return "failed"
    if follow.checked_at is None or (follow.check_at is not None and not follow.is_following):
        return "checking"
    return "following" if follow.is_following else "done"


def _number(number: Decimal | None) -> str | None:
    return None if number is None else plain_number(number)


class SourceChapterSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.CharField(allow_null=True)
    volume = serializers.IntegerField(allow_null=True)
    language = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    groups = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(ShownState.choices)
    skip_reason = serializers.CharField(
        allow_null=True, help_text="a code: why it is left out or has failed, or fails still"
    )
    detail = serializers.CharField(allow_blank=True, help_text="the same as a sentence")
    pages_done = serializers.IntegerField()
    pages_total = serializers.IntegerField(allow_null=True)
    upload_id = serializers.IntegerField(allow_null=True)
    site_url = serializers.CharField(allow_blank=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return the facts of a row that `with_shown_state` has read."""
        reason, detail = shown_reason(instance)
        return super().to_representation(
            {
                "id": instance.pk,
                "number": _number(instance.number),
                "volume": instance.volume,
                "language": instance.language,
                "title": instance.title,
                "groups": [group.name for group in instance.groups.all()],
                "state": instance.shown,
                "skip_reason": reason or None,
                "detail": detail,
                "pages_done": instance.pages_done,
                "pages_total": _pages_total(instance),
                "upload_id": instance.upload_id,
                "site_url": instance.site_url,
            }
        )


def _pages_total(row: SourceChapter) -> int | None:
    if row.state == ChapterState.SUBMITTED:
        return row.pages_done
    return None if row.pages is None else len(row.pages)


class SeriesFollowsView(ListAPIView[SourceFollow]):
    """Lists what is taken for a series, and takes more."""

    permission_classes = [IsAuthenticated]
    queryset = SourceFollow.objects.all()
    serializer_class = FollowSerializer
    pagination_class = NumberedPages

    @extend_schema(
        responses={200: FollowSerializer(many=True), **refusals(400, 401, 403, 404, 429)}
    )
    def get(self, request: Request, id_or_slug: str) -> Response:
        """List them, the oldest first."""
        page = self.paginate_queryset(_follows_of(request, id_or_slug).order_by("pk"))
        return self.get_paginated_response(_follow_rows(page or ()))

    @extend_schema(
        request=FollowFormSerializer,
        responses={202: FollowSerializer, **refusals(400, 401, 403, 404, 409, 429)},
    )
    def post(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Take chapters of a title of a source; again: change which of them."""
        refuse_asker(current_user(request))
        series = series_or_404(id_or_slug, request)
        form = FollowFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        words = form.validated_data
        wish = _wish(words, source=words["source"], external_id=words["id"].strip())
        follow = follow_series(series, user=current_user(request), wish=wish)
        return PrivateResponse(_follow_rows([follow])[0], status=202)


class SeriesFollowView(APIView):
    """Shows, changes and ends what is taken of one title of a source."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: FollowSerializer, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, id_or_slug: str, pk: int) -> PrivateResponse:
        """Show it."""
        return PrivateResponse(_follow_rows([_follow_or_404(request, id_or_slug, pk)])[0])

    @extend_schema(
        request=WishSerializer,
        responses={200: FollowSerializer, **refusals(400, 401, 403, 404, 409, 429)},
    )
    def patch(self, request: Request, id_or_slug: str, pk: int) -> PrivateResponse:
        """Change what is sent; the source is asked anew."""
        follow = _follow_or_404(request, id_or_slug, pk)
        form = WishSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        now = {
            "languages": follow.languages, "from": follow.from_number, "to": follow.to_number,
            "follow": follow.is_following,
        }  # fmt: skip
        wish = _wish(
            now | form.validated_data, source=follow.source, external_id=follow.external_id
        )
        changed = change_follow(follow, user=current_user(request), wish=wish)
        return PrivateResponse(_follow_rows([changed])[0])

    @extend_schema(responses={204: None, **refusals(401, 403, 404, 429)})
    def delete(self, request: Request, id_or_slug: str, pk: int) -> PrivateResponse:
        """Take no more of it; uploads stay."""
        stop_follow(_follow_or_404(request, id_or_slug, pk), user=current_user(request))
        return PrivateResponse(status=204)


class SourceChapterFilter(FilterSet):
    """Filters by the state that is shown."""

    state = MultipleChoiceFilter(
        field_name="shown", choices=ShownState.choices, distinct=False,
        label=gettext_lazy("state"),
    )  # fmt: skip


class SourceChaptersView(ListAPIView[SourceChapter]):
    """Lists the chapters that a source has of a title, as far as they are wanted."""

    permission_classes = [IsAuthenticated]
    queryset = SourceChapter.objects.all()
    serializer_class = SourceChapterSerializer
    filter_backends = [FilterBackend]
    filterset_class = SourceChapterFilter
    pagination_class = NumberedPages

    @extend_schema(
        responses={200: SourceChapterSerializer(many=True), **refusals(400, 401, 403, 404, 429)}
    )
    def get(self, request: Request, id_or_slug: str, pk: int) -> Response:
        """List them, the newest first."""
        return self.list(request)

    def get_queryset(self) -> "QuerySet[SourceChapter]":
        """Return the chapters of the follow that the address names."""
        if getattr(self, "swagger_fake_view", False):
            return with_shown_state(SourceChapter.objects.none())
        follow = _follow_or_404(self.request, self.kwargs["id_or_slug"], self.kwargs["pk"])
        rows = with_shown_state(SourceChapter.objects.filter(follow=follow))
        # One-shots have no number: the order of the list is the source's for these.
        return rows.select_related("upload").prefetch_related("groups").order_by("-number", "-pk")


class SourceChapterRetryView(APIView):
    """Fetches a chapter anew."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=None,
        responses={202: SourceChapterSerializer, **refusals(401, 403, 404, 409, 429)},
    )
    def post(self, request: Request, id_or_slug: str, pk: int, chapter: int) -> PrivateResponse:
        """Fetch one that was left out, has failed, or was not accepted here."""
        follow = _follow_or_404(request, id_or_slug, pk)
        rows = with_shown_state(SourceChapter.objects.filter(follow=follow, pk=chapter))
        found = rows.select_related("follow").first()
        if found is None:
            raise NotFound(_("There is no such chapter."))
        retry_chapter(found, user=current_user(request))
        return PrivateResponse(SourceChapterSerializer(rows.get()).data, status=202)


def _wish(words: dict[str, Any], *, source: str, external_id: str) -> Wish:
    here = [code for code, _name in settings.LANGUAGES]
    return Wish(
        source=source,
        external_id=external_id,
        languages=words.get("languages", here),
        from_number=words.get("from"),
        to_number=words.get("to"),
        is_following=words.get("follow", False),
    )


def _follow_rows(follows: Iterable[SourceFollow]) -> list[Any]:
    shown = list(follows)
    counts = count_states(follow.pk for follow in shown)
    return [FollowSerializer(follow_row(follow, counts[follow.pk])).data for follow in shown]


def _follows_of(request: Request, id_or_slug: str) -> "QuerySet[SourceFollow]":
    refuse_asker(current_user(request))
    series = series_or_404(id_or_slug, request)
    return SourceFollow.objects.filter(series=series.pk).select_related("asked_by")


def _follow_or_404(request: Request, id_or_slug: str, pk: int) -> SourceFollow:
    found = _follows_of(request, id_or_slug).filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is nothing here."))
    return found
