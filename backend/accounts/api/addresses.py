"""/api/auth/email/...: confirming an address, and changing it."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.auth.addresses import (
    change_address,
    confirm_address,
    forget_change,
    resend_confirmation,
)
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class ConfirmFormSerializer(serializers.Serializer[None]):
    """The key that stands behind # in the link of an e-mail."""

    key = serializers.CharField(max_length=400)


class ChangeFormSerializer(serializers.Serializer[None]):
    """A new address, and the password to be sure."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


@extend_schema_serializer(component_name="ConfirmedAddress")
class ConfirmedAddressSerializer(serializers.Serializer[Any]):
    email = serializers.CharField()


@extend_schema_serializer(component_name="PendingAddress")
class PendingAddressSerializer(serializers.Serializer[Any]):
    pending_email = serializers.CharField()


class EmailConfirmView(APIView):
    """Confirms an address with the key of an e-mail."""

    throttle_scope = "auth"
    authentication_classes = ()

    @extend_schema(
        request=ConfirmFormSerializer,
        responses={200: ConfirmedAddressSerializer, **refusals(400, 429)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Confirm an address; `invalid_key` where the link is over or somebody else's now."""
        form = ConfirmFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        confirmed = {"email": confirm_address(form.validated_data["key"])}
        return PrivateResponse(ConfirmedAddressSerializer(confirmed).data)


class EmailResendView(APIView):
    """Sends the confirmation once more."""

    throttle_scope = "auth"
    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None, **refusals(401, 403, 429)})
    def post(self, request: Request) -> Response:
        """Send the email for the address that waits.

        One goes in two minutes and five a day; `throttled` says when the next may be asked for.
        """
        resend_confirmation(current_user(request))
        return PrivateResponse(status=204)


class EmailChangeView(APIView):
    """Changes the address of an account."""

    throttle_scope = "auth"
    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=ChangeFormSerializer,
        responses={202: PendingAddressSerializer, **refusals(400, 401, 403, 429)},
    )
    def post(self, request: Request) -> Response:
        """Ask for another address: it takes the old one's place once it is confirmed."""
        form = ChangeFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        pending = {"pending_email": change_address(current_user(request), **form.validated_data)}
        return PrivateResponse(PendingAddressSerializer(pending).data, status=202)

    @extend_schema(responses={204: None, **refusals(401, 403, 429)})
    def delete(self, request: Request) -> Response:
        """Forget the address that waits."""
        forget_change(current_user(request))
        return PrivateResponse(status=204)
