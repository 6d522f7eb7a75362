"""/api/auth/{token,refresh,logout}: logging in and out."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.origins import refuse_foreign_page
from accounts.auth.authority import refuse_banned
from accounts.auth.login import log_in
from accounts.auth.login_throttling import client_context, remember_device
from accounts.auth.sessions import (
    InvalidToken,
    Tokens,
    end_session,
    find_session,
    open_session,
    rotate_session,
)
from common.http.responses import PrivateResponse
from common.http.serializers import refusals

_COOKIE_PATH = "/api/auth"


class TokenFormSerializer(serializers.Serializer[None]):
    """OAuth2's password form; with `cookie` the refresh token goes into an HttpOnly cookie."""

    grant_type = serializers.ChoiceField(["password"], required=False)
    username = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    code = serializers.CharField(
        max_length=32, required=False, allow_blank=True, default="",
        help_text="of the second factor, for those who have one: the app's, or a recovery code",
    )  # fmt: skip
    device = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    cookie = serializers.BooleanField(default=False)


class RefreshFormSerializer(serializers.Serializer[None]):
    """A refresh token, where it is not in the cookie."""

    refresh_token = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default=""
    )


class TokensSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField(
        allow_null=True, help_text="null where the cookie holds it"
    )
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds")


class TokenView(APIView):
    """Logs a device in."""

    throttle_scope = "auth"
    authentication_classes = ()

    @extend_schema(
        request={
            "application/x-www-form-urlencoded": TokenFormSerializer,
            "application/json": TokenFormSerializer,
        },
        responses={200: TokensSerializer, **refusals(400, 401, 403, 429)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Trade a name (or confirmed address), password and, where it is on, code for tokens.

        `second_factor_required`: the password is right; send all again with `code`.
        """
        form = TokenFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        words: dict[str, Any] = form.validated_data
        if words["cookie"]:
            refuse_foreign_page(request._request)
        client = client_context(request._request)
        who = log_in(words["username"], words["password"], client=client, code=words["code"])
        tokens = open_session(
            who.user,
            device=words["device"] or request.headers.get("User-Agent", ""),
            network=client.network,
            second_factor=who.second_factor,
            in_browser=words["cookie"],
        )
        response = answer_tokens(tokens, in_cookie=words["cookie"])
        remember_device(response, who.user, client, logged_in=True)
        return response


class RefreshView(APIView):
    """Renews the tokens of a device."""

    throttle_scope = "auth"
    authentication_classes = ()

    @extend_schema(
        request=RefreshFormSerializer,
        responses={200: TokensSerializer, **refusals(400, 401, 403, 429)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Trade a refresh token for new ones; the old one is used up.

        A client that lost the answer may ask again with the same token: for 60 seconds, and until
        the new one is used, the answer is the same. A token that is used later than that counts as
        stolen: all tokens of the device end.
        """
        token, in_cookie = presented_token(request)
        if not token:
            raise InvalidToken
        user, tokens = rotate_session(token)
        refuse_banned(user)
        return answer_tokens(tokens, in_cookie=in_cookie)


class LogoutView(APIView):
    """Logs a device out."""

    throttle_scope = "auth"
    authentication_classes = ()

    @extend_schema(
        request=RefreshFormSerializer, responses={204: None, **refusals(400, 403, 429)}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """End the session of a refresh token; one that is over already is no error."""
        token, _in_cookie = presented_token(request)
        session = find_session(token) if token else None
        if session is not None:
            end_session(session)
        response = PrivateResponse(status=204)
        response.delete_cookie(settings.REFRESH_COOKIE_NAME, path=_COOKIE_PATH, samesite="Strict")
        return response


def presented_token(request: Request) -> tuple[str, bool]:
    """Return the refresh token of the body or the cookie, and whether it came in the cookie."""
    form = RefreshFormSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    if form.validated_data["refresh_token"]:
        return form.validated_data["refresh_token"], False
    refuse_foreign_page(request._request)
    return request.COOKIES.get(settings.REFRESH_COOKIE_NAME, ""), True


def answer_tokens(tokens: Tokens, *, in_cookie: bool) -> Response:
    """Return the tokens as OAuth2 names them; a browser's refresh token goes into its cookie."""
    told = {
        "access_token": tokens.access_token,
        "refresh_token": None if in_cookie else tokens.refresh_token,
        "token_type": "bearer",
        "expires_in": tokens.expires_in,
    }
    response = PrivateResponse(TokensSerializer(told).data)
    if in_cookie:
        set_refresh_cookie(response, tokens)
    return response


def set_refresh_cookie(response: HttpResponse, tokens: Tokens) -> None:
    """Put the refresh token where no script of a page reaches it."""
    response.set_cookie(
        settings.REFRESH_COOKIE_NAME,
        tokens.refresh_token,
        max_age=settings.REFRESH_TOKEN_SECONDS,
        path=_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
