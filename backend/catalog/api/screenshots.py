"""/api/titles/{id or slug}/screenshots: moderators add, order and remove them."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.models import User
from catalog.api.serializers import ScreenshotSerializer
from catalog.api.watched import PictureBody, find_title, written_body
from catalog.choices import READABLE_KINDS
from catalog.models import Title
from catalog.screenshots import add_screenshot, order_screenshots, remove_screenshot
from common.http.errors import NotFound
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class ScreenshotFormSerializer(serializers.Serializer[None]):
    """A screenshot."""

    file = serializers.FileField(allow_empty_file=True)


class ScreenshotOrderSerializer(serializers.Serializer[None]):
    """The ids of all screenshots of a title, in their new order."""

    ids = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=100)


class ScreenshotsView(PictureBody):
    """The screenshots of a title to watch."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request={"multipart/form-data": ScreenshotFormSerializer},
        responses={
            201: ScreenshotSerializer(many=True),
            **refusals(400, 401, 403, 404, 409, 422, 429, 503),
        },
    )
    def post(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Add a screenshot behind the others, and return all of them."""
        user = current_user(request)
        title = _title_to_watch(id_or_slug, user)
        form = ScreenshotFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        add_screenshot(title, form.validated_data["file"], moderator=user)
        return PrivateResponse(written_body(title)["screenshots"], status=201)

    @extend_schema(
        request=ScreenshotOrderSerializer,
        responses={
            200: ScreenshotSerializer(many=True), **refusals(400, 401, 403, 404, 429),
        },
    )  # fmt: skip
    def put(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Put the screenshots into another order, and return all of them."""
        user = current_user(request)
        title = _title_to_watch(id_or_slug, user)
        form = ScreenshotOrderSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        order_screenshots(title, form.validated_data["ids"], moderator=user)
        return PrivateResponse(written_body(title)["screenshots"])


class ScreenshotView(APIView):
    """One screenshot of a title to watch."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={204: None, **refusals(401, 403, 404, 429)})
    def delete(self, request: Request, id_or_slug: str, pk: str) -> PrivateResponse:
        """Remove a screenshot."""
        user = current_user(request)
        title = _title_to_watch(id_or_slug, user)
        remove_screenshot(title, int(pk), moderator=user)
        return PrivateResponse(status=204)


def _title_to_watch(id_or_slug: str, user: User) -> Title:
    title = find_title(Title, id_or_slug, user)
    if title.kind in READABLE_KINDS:
        raise NotFound(_("Only titles to watch have screenshots."))
    return title
