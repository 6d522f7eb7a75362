"""GET /api/site: the settings of this installation that the web app needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.cached_views import CachedView
from common.choices import Rating
from common.http.serializers import refusals


class UploadLimitsSerializer(serializers.Serializer[None]):
    archive_bytes = serializers.IntegerField()
    pages = serializers.IntegerField()
    page_bytes = serializers.IntegerField()
    pixels = serializers.IntegerField()


_SITE = inline_serializer(
    "Site",
    {
        "name": serializers.CharField(),
        "languages": serializers.ListField(child=serializers.CharField()),
        "demo": serializers.BooleanField(),
        "guest_ratings": serializers.ListField(
            child=serializers.ChoiceField(Rating.choices),
            help_text="that guests see who have chosen nothing; lists answer what they are asked",
        ),
        "upload_limits": UploadLimitsSerializer(),
    },
)


class SiteView(CachedView):
    """Answers the settings of this installation."""

    families = ()

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """See CachedView."""
        limits = settings.UPLOAD_LIMITS
        return {
            "name": settings.SITE_NAME,
            "languages": [code for code, _name in settings.LANGUAGES],
            "demo": settings.DEMO,
            "guest_ratings": settings.GUEST_RATINGS,
            "upload_limits": {
                "archive_bytes": limits["max_archive_bytes"],
                "pages": limits["max_pages"],
                "page_bytes": limits["max_picture_bytes"],
                "pixels": limits["max_picture_pixels"],
            },
        }

    @extend_schema(responses={200: _SITE, **refusals(401, 403, 429)})
    def get(self, request: Request) -> Response:
        """Show this installation's name, languages and limits."""
        return Response(self.public_body(request._request))
