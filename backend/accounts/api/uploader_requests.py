"""POST /api/auth/uploader-request: asking to become an uploader."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.models import RequestState, UploaderRequest
from accounts.roles.uploader_requests import ask_to_upload
from common.http.responses import PrivateResponse
from common.http.shapes import refusals


class UploaderRequestForm(serializers.Serializer[None]):
    """Why, in one's own words."""

    text = serializers.CharField(max_length=1000, allow_blank=True, default="")


class UploaderRequestShape(serializers.Serializer[None]):
    state = serializers.ChoiceField(RequestState.choices)
    text = serializers.CharField(allow_blank=True)
    answer = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class UploaderRequestView(APIView):
    """Becoming an uploader."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=UploaderRequestForm,
        responses={201: UploaderRequestShape, **refusals(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Ask; a moderator answers, and /api/auth/me tells."""
        form = UploaderRequestForm(data=request.data)
        form.is_valid(raise_exception=True)
        asked = ask_to_upload(current_user(request), text=form.validated_data["text"])
        return PrivateResponse(request_row(asked), status=201)


def request_row(asked: UploaderRequest) -> dict[str, Any]:
    """Return a request as its person is told of it."""
    return {
        "state": asked.state,
        "text": asked.text,
        "answer": asked.answer,
        "created_at": asked.created_at,
    }
