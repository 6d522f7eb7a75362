"""POST /api/auth/uploader-request: asking to become an uploader."""

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
from common.http.serializers import refusals


class UploaderRequestFormSerializer(serializers.Serializer[None]):
    """Why the user wants to upload."""

    text = serializers.CharField(max_length=1000, allow_blank=True, default="")


class UploaderRequestSerializer(serializers.Serializer[UploaderRequest]):
    state = serializers.ChoiceField(RequestState.choices)
    text = serializers.CharField(allow_blank=True)
    answer = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class UploaderRequestView(APIView):
    """Takes requests for the role of uploader."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=UploaderRequestFormSerializer,
        responses={201: UploaderRequestSerializer, **refusals(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Ask; a moderator answers, and /api/auth/me tells."""
        form = UploaderRequestFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked = ask_to_upload(current_user(request), text=form.validated_data["text"])
        return PrivateResponse(UploaderRequestSerializer(asked).data, status=201)
