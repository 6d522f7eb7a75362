"""/api/users/{username}: how a person shows themselves to others."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.profile.avatars import shown_avatar_url
from accounts.profile.profiles import find_profile
from accounts.roles.groups import ROLES, roles_of
from accounts.scopes import READ
from common.http.errors import NotFound
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from reader.models import Chapter, Upload


class ProfileSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    bio = serializers.CharField(allow_blank=True)
    avatar_url = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES))
    created_at = serializers.DateTimeField()
    uploads_live = serializers.IntegerField()


class ProfileView(APIView):
    """One person."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses={200: ProfileSerializer, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, username: str) -> Response:
        """Show what the person lets the one who asks see."""
        who = find_profile(username, viewer=request.user)
        if who is None:
            raise NotFound(_("There is nothing here."))
        live = Upload.objects.filter(uploader=who, live_chapter__in=Chapter.objects.public())
        is_banned = who.is_banned
        shown = {
            "id": who.pk,
            "username": who.username,
            "display_name": "" if is_banned else who.display_name,
            "bio": "" if is_banned else who.bio,
            "avatar_url": None if is_banned else shown_avatar_url(who, viewer=request.user),
            "roles": roles_of(who),
            "created_at": who.date_joined,
            "uploads_live": live.count(),
        }
        return PrivateResponse(ProfileSerializer(shown).data)
