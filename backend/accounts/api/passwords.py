"""/api/auth/password/...: changing a password, and resetting a forgotten one."""

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.auth import TokensSerializer, answer_tokens
from accounts.api.authentication import current_user, own_session_id
from accounts.auth.login_throttling import client_context, remember_device
from accounts.auth.password_resets import ask_for_reset, reset_password
from accounts.auth.passwords import MAX_PASSWORD_LENGTH, change_password
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class PasswordChangeFormSerializer(serializers.Serializer[None]):
    """The old and the new password; `cookie` as with /api/auth/token."""

    old_password = serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)
    new_password = serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)
    cookie = serializers.BooleanField(default=False)


class ResetFormSerializer(serializers.Serializer[None]):
    """The address of the account whose password is forgotten."""

    email = serializers.EmailField(max_length=254)


class ResetConfirmFormSerializer(serializers.Serializer[None]):
    """The key that stands behind # in the link of an e-mail, and the new password."""

    key = serializers.CharField(max_length=400)
    password = serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)


class PasswordChangeView(APIView):
    """Changes the password."""

    throttle_scope = "auth"
    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=PasswordChangeFormSerializer,
        responses={200: TokensSerializer, **refusals(400, 401, 403, 429)},
    )
    def post(self, request: Request) -> Response:
        """Change one's password: all devices are logged out, this one gets new tokens."""
        form = PasswordChangeFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        words: dict[str, Any] = form.validated_data
        tokens = change_password(
            current_user(request),
            old_password=words["old_password"],
            new_password=words["new_password"],
            session_id=own_session_id(request),
        )
        return answer_tokens(tokens, in_cookie=words["cookie"])


class PasswordResetView(APIView):
    """Sends the link for a forgotten password."""

    throttle_scope = "auth"
    authentication_classes = ()

    @extend_schema(
        request=ResetFormSerializer, responses={204: None, **refusals(400, 429)}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Have a link sent to an address; the answer is the same whoever has it."""
        form = ResetFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        ask_for_reset(form.validated_data["email"], language=(get_language() or "en")[:2])
        return PrivateResponse(status=204)


class PasswordResetConfirmView(APIView):
    """Sets a new password with the key of an e-mail."""

    throttle_scope = "auth"
    authentication_classes = ()

    @extend_schema(
        request=ResetConfirmFormSerializer, responses={204: None, **refusals(400, 429)}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Set the password; the link is good once, and all sessions and API keys end."""
        form = ResetConfirmFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = reset_password(form.validated_data["key"], form.validated_data["password"])
        response = PrivateResponse(status=204)
        remember_device(response, user, client_context(request._request))
        return response
