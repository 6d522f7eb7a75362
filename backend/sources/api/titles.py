"""POST /api/sources/{source}/titles and /api/titles/{id}/refresh."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.auth.authority import confirm_authority
from accounts.scopes import LIBRARY
from catalog.api.serializers import TitleSerializer
from catalog.api.titles import find_titles
from catalog.models import Title
from catalog.permissions import MODERATE
from catalog.rows import title_detail
from common.http.errors import Forbidden, NotFound
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from sources.api.search import SourceErrorSerializer
from sources.titles.details import SourcePending, details_now
from sources.titles.linking import take_title
from sources.titles.refreshing import refresh_title


class SourceTitleFormSerializer(serializers.Serializer[None]):
    """A title by its id at the source."""

    id = serializers.CharField(max_length=200)
    listed = serializers.BooleanField(
        default=False, help_text="into the catalogue, approved; for moderators"
    )


class PendingSerializer(serializers.Serializer[None]):
    """The source has not answered yet: send the same again."""

    pending = serializers.BooleanField()


class RefreshSerializer(serializers.Serializer[None]):
    """What a refresh has changed."""

    changes = serializers.DictField(
        child=serializers.ListField(), help_text="[before, after] by field"
    )
    kept = serializers.ListField(
        child=serializers.CharField(), help_text="fields that were edited here, and stay"
    )
    errors = serializers.DictField(  # type: ignore[assignment]
        child=SourceErrorSerializer(), help_text="by source"
    )
    cover_pending = serializers.BooleanField(help_text="another cover is being fetched")
    refreshed_at = serializers.DateTimeField(allow_null=True)
    pending = serializers.BooleanField(help_text="a source has not answered yet: ask again")


class SourceTitlesView(APIView):
    """Titles of a source, taken over."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=SourceTitleFormSerializer,
        responses={
            200: TitleSerializer,
            201: TitleSerializer,
            202: PendingSerializer,
            **refusals(400, 401, 403, 404, 409, 429, 502, 503),
        },
    )
    def post(self, request: Request, source: str) -> PrivateResponse:
        """Take a title of a source over: unlisted, or as a moderator into the catalogue.

        200 where it is here already.
        """
        user = current_user(request)
        form = SourceTitleFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        confirm_authority(user)  # nothing is asked for who has lost it while the body came
        is_listed = form.validated_data["listed"]
        if is_listed and not user.has_perm(MODERATE):
            raise Forbidden(_("Only moderators may do this."))
        try:
            found = details_now(source, form.validated_data["id"])
        except SourcePending:
            return PrivateResponse({"pending": True}, status=202)
        title, is_new = take_title(user, source=source, found=found, is_listed=is_listed)
        detail = title_detail(Title.objects.filter(pk=title.pk))
        return PrivateResponse(detail, status=201 if is_new else 200)


class TitleRefreshView(APIView):
    """What sources know of a title now."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=None,
        responses={
            200: RefreshSerializer,
            202: RefreshSerializer,
            **refusals(401, 403, 404, 409, 429, 502, 503),
        },
    )
    def post(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Take what the sources of a title know now; what was edited here stays.

        For moderators, and for those who have it in their library.
        """
        user = current_user(request)
        visible = Title.objects.all().visible_to(user)
        title = find_titles(visible, id_or_slug).first()
        if title is None:
            raise NotFound(_("There is nothing here."))
        done = refresh_title(title, user=user)
        body: dict[str, Any] = {
            "changes": done.changes,
            "kept": done.kept,
            "errors": done.errors,
            "cover_pending": done.is_cover_asked,
            "refreshed_at": done.refreshed_at,
            "pending": done.is_pending,
        }
        return PrivateResponse(body, status=202 if done.is_pending else 200)
