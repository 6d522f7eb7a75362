"""/api/auth/sessions: the devices that are logged in, and logging them out."""

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user, own_session_id
from accounts.auth.authority import acting
from accounts.auth.sessions import end_all_sessions, end_session, live_sessions
from common.http.errors import NotFound
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    device = serializers.CharField(
        allow_blank=True, help_text="such as Firefox on Android; empty: unknown"
    )
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(
        source="refreshed_at", help_text="when its tokens were last renewed"
    )
    is_current = serializers.BooleanField()


_LIST = inline_serializer("SessionList", {"results": SessionSerializer(many=True)})


class SessionListView(APIView):
    """The devices of the user."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: _LIST, **refusals(401, 403, 429)})
    def get(self, request: Request) -> Response:
        """List the devices that are logged in, the last used first."""
        own = live_sessions(current_user(request)).order_by("-refreshed_at", "-pk")
        found = own.annotate(is_current=Q(pk=own_session_id(request)))
        return PrivateResponse({"results": SessionSerializer(found, many=True).data})

    @extend_schema(responses={204: None, **refusals(401, 403, 429)})
    def delete(self, request: Request) -> Response:
        """Log out everywhere, here and in the admin too."""
        user = current_user(request)
        with acting(user):
            end_all_sessions(user)
        response = PrivateResponse(status=204)
        response.delete_cookie(settings.REFRESH_COOKIE_NAME, path="/api/auth", samesite="Strict")
        return response


class SessionView(APIView):
    """One device."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={204: None, **refusals(401, 403, 404, 429)})
    def delete(self, request: Request, pk: int) -> Response:
        """Log a device out."""
        user = current_user(request)
        with acting(user):
            session = live_sessions(user).select_related("user").filter(pk=pk).first()
            if session is None:
                raise NotFound(_("There is no such session."))
            end_session(session)
        return PrivateResponse(status=204)
