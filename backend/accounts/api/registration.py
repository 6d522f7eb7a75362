"""/api/auth/register: creating an account."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.me import MeSerializer
from accounts.profile.profiles import LANGUAGES
from accounts.profile.registration import register_user
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class RegisterFormSerializer(serializers.Serializer[None]):
    """The name, address and password of a new account."""

    username = serializers.CharField(
        max_length=200, help_text="3 to 30 letters and digits of one alphabet, with . _ - between"
    )
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    language = serializers.ChoiceField(
        LANGUAGES, required=False, help_text="left out: that of the request"
    )


class RegisterView(APIView):
    """Creates accounts."""

    throttle_scope = "auth"
    authentication_classes = ()

    @extend_schema(
        request=RegisterFormSerializer, responses={201: MeSerializer, **refusals(400, 429)}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Create an account; an email asks to confirm the address.

        A name may be taken, as names are public. Whose an address is, only its mailbox is told.
        """
        form = RegisterFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = register_user(**form.validated_data)
        return PrivateResponse(MeSerializer(user).data, status=201)
