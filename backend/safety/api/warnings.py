"""/api/warnings: the warnings that moderators have sent to the user."""

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from safety.models import ModeratorWarning
from safety.warnings import see_warning

_SHOWN = 100


class WarningSerializer(serializers.Serializer[Any]):
    """A moderator's warning; `seen_at` is null until the user says that they have read it."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField(allow_null=True)


class WarningsView(APIView):
    """The warnings of the user."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        responses={
            200: inline_serializer("WarningList", {"results": WarningSerializer(many=True)}),
            **refusals(401, 403, 429),
        }
    )
    def get(self, request: Request) -> PrivateResponse:
        """List one's warnings, newest first."""
        own = ModeratorWarning.objects.filter(user=current_user(request)).order_by(
            "-created_at", "-pk"
        )
        return PrivateResponse({"results": WarningSerializer(own[:_SHOWN], many=True).data})


class WarningSeenView(APIView):
    """Marks a warning as read."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None, **refusals(401, 403, 404, 429)})
    def post(self, request: Request, pk: int) -> PrivateResponse:
        """Say that one has read it."""
        see_warning(pk, user=current_user(request))
        return PrivateResponse(status=204)
