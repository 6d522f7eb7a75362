"""/api/auth/keys: API keys. They are made and ended after a login, never with a key."""

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.auth.api_keys import end_all_keys, end_key, keys_of, make_key
from accounts.scopes import SCOPES
from common.http.responses import PrivateResponse
from common.http.serializers import refusals

_MAX_DAYS = 3_660


class KeyFormSerializer(serializers.Serializer[None]):
    """A new key."""

    name = serializers.CharField(max_length=60)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(SCOPES), allow_empty=False, max_length=len(SCOPES)
    )
    expires_in_days = serializers.IntegerField(
        min_value=1, max_value=_MAX_DAYS, allow_null=True, help_text="null: it does not end"
    )
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class KeySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    hint = serializers.CharField(help_text="its last letters")
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(
        allow_null=True, help_text="to within ten minutes; null: never"
    )
    expires_at = serializers.DateTimeField(allow_null=True)


class NewKeySerializer(KeySerializer):
    key = serializers.CharField(help_text="shown this once")


_LIST = inline_serializer("KeyList", {"results": KeySerializer(many=True)})


class KeyListView(APIView):
    """The API keys of the user."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: _LIST, **refusals(401, 403, 429)})
    def get(self, request: Request) -> Response:
        """List one's keys, the newest first; those that are over stay for 30 days."""
        found = keys_of(current_user(request))
        return PrivateResponse({"results": KeySerializer(found, many=True).data})

    @extend_schema(
        request=KeyFormSerializer,
        responses={201: NewKeySerializer, **refusals(400, 401, 403, 429)},
    )
    def post(self, request: Request) -> Response:
        """Make a key; at most 20 work at a time."""
        form = KeyFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        key, text = make_key(current_user(request), **form.validated_data)
        made = NewKeySerializer({**vars(key), "key": text})
        return PrivateResponse(made.data, status=201)

    @extend_schema(responses={204: None, **refusals(401, 403, 429)})
    def delete(self, request: Request) -> Response:
        """End all keys."""
        end_all_keys(current_user(request))
        return PrivateResponse(status=204)


class KeyView(APIView):
    """One key."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={204: None, **refusals(401, 403, 404, 429)})
    def delete(self, request: Request, pk: int) -> Response:
        """End a key."""
        end_key(current_user(request), int(pk))
        return PrivateResponse(status=204)
