"""/api/auth/second-factor: setting it up with an authenticator app, and turning it off."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user, own_session_id
from accounts.auth.passwords import refuse_wrong_password
from accounts.auth.second_factor import (
    Enrolment,
    SecondFactorState,
    begin_second_factor,
    confirm_second_factor,
    renew_recovery_codes,
    second_factor_state,
    turn_off_second_factor,
)
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class BeginFormSerializer(serializers.Serializer[None]):
    """The password, to be sure."""

    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class FirstCodeFormSerializer(serializers.Serializer[None]):
    """The enrolment that the first step gave, and the first code that the app shows."""

    enrolment = serializers.CharField(max_length=1000)
    code = serializers.CharField(max_length=32)


class BothFactorsFormSerializer(serializers.Serializer[None]):
    """The password, and a code of the app or a recovery code."""

    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    code = serializers.CharField(max_length=32)


class SecondFactorSerializer(serializers.Serializer[SecondFactorState]):
    enabled = serializers.BooleanField()
    required = serializers.BooleanField(  # type: ignore[assignment]
        help_text="by one's role, and cannot be turned off"
    )
    recovery_codes_left = serializers.IntegerField()


class EnrolmentSerializer(serializers.Serializer[Enrolment]):
    enrolment = serializers.CharField(
        source="sealed", help_text="goes back with the first code; good for 10 min"
    )
    secret = serializers.CharField(help_text="to type into an app that takes no picture")
    uri = serializers.CharField(help_text="otpauth://, for an app on the same device")
    qr = serializers.CharField(help_text="the same as a picture: a data: address of an SVG")


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(), help_text="each is good once; shown only now"
    )


class SecondFactorView(APIView):
    """The user's second factor."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "auth"

    @extend_schema(responses={200: SecondFactorSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> Response:
        """Say whether it is on."""
        state = second_factor_state(current_user(request))
        return PrivateResponse(SecondFactorSerializer(state).data)

    @extend_schema(
        request=BeginFormSerializer,
        responses={200: EnrolmentSerializer, **refusals(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Begin to set it up; it is on once the first code has come."""
        form = BeginFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = current_user(request)
        refuse_wrong_password(user, form.validated_data["password"])
        return PrivateResponse(EnrolmentSerializer(begin_second_factor(user)).data)

    @extend_schema(
        request=BothFactorsFormSerializer,
        responses={204: None, **refusals(400, 401, 403, 409, 429)},
    )
    def delete(self, request: Request) -> Response:
        """Turn it off."""
        form = BothFactorsFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        turn_off_second_factor(current_user(request), **form.validated_data)
        return PrivateResponse(status=204)


class SecondFactorConfirmView(APIView):
    """Takes the first code, which turns the second factor on."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "auth"

    @extend_schema(
        request=FirstCodeFormSerializer,
        responses={200: RecoveryCodesSerializer, **refusals(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Switch it on with the first code: all other devices are logged out.

        This one stays, and gets a new access token by refreshing.
        """
        form = FirstCodeFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        codes = confirm_second_factor(
            current_user(request), **form.validated_data, session_id=own_session_id(request)
        )
        return PrivateResponse(RecoveryCodesSerializer({"recovery_codes": codes}).data)


class RecoveryCodesView(APIView):
    """Recovery codes, for when the phone is lost."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "auth"

    @extend_schema(
        request=BothFactorsFormSerializer,
        responses={200: RecoveryCodesSerializer, **refusals(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Make new ones; the old ones are over."""
        form = BothFactorsFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        codes = renew_recovery_codes(current_user(request), **form.validated_data)
        return PrivateResponse(RecoveryCodesSerializer({"recovery_codes": codes}).data)
