"""/api/users/{username}: the profiles of users."""

from typing import Any, ClassVar

from django.db.models import Count
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
from common.choices import Rating
from common.http.errors import NotFound
from common.http.queries import Query, RepeatedField, parse_query
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from reader.api.serializers import GroupSerializer, LatestChapterSerializer
from reader.models import Chapter
from reader.reading.chapter_rows import chapters_with_series

_LATEST = 12


class ProfileQuery(Query):
    """The parameters of a profile."""

    rating = RepeatedField(
        child=serializers.ChoiceField(Rating.choices),
        max_length=len(Rating),
        help_text="of the latest uploads; the counts are of all",
    )


class ProfileSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    bio = serializers.CharField(allow_blank=True)
    avatar_url = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES))
    created_at = serializers.DateTimeField()
    uploads_live = serializers.IntegerField()
    series_live = serializers.IntegerField()
    groups = GroupSerializer(many=True)
    latest_uploads = LatestChapterSerializer(many=True)


class ProfileView(APIView):
    """Shows the profile of a user."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(
        parameters=[ProfileQuery],
        responses={200: ProfileSerializer, **refusals(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request, username: str) -> Response:
        """Show what the person lets the one who asks see."""
        who = find_profile(username, viewer=request.user)
        if who is None:
            raise NotFound(_("There is nothing here."))
        query = parse_query(ProfileQuery, request.query_params)
        live = Chapter.objects.public().filter(live_upload__uploader=who)
        counted = live.aggregate(uploads=Count("pk"), series=Count("series", distinct=True))
        if query["rating"]:
            live = live.filter(series__content_rating__in=query["rating"])
        latest = live.order_by("-live_upload__created_at", "-live_upload")[:_LATEST]
        is_banned = who.is_banned
        shown = {
            "id": who.pk,
            "username": who.username,
            "display_name": "" if is_banned else who.display_name,
            "bio": "" if is_banned else who.bio,
            "avatar_url": None if is_banned else shown_avatar_url(who, viewer=request.user),
            "roles": roles_of(who),
            "created_at": who.date_joined,
            "uploads_live": counted["uploads"],
            "series_live": counted["series"],
            "groups": who.translation_groups.order_by("name_order"),
            "latest_uploads": chapters_with_series(latest),
        }
        return PrivateResponse(ProfileSerializer(shown).data)
