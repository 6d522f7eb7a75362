"""POST /api/titles/{id or slug}/merge: moderators make one title of two."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.jobs import JobSerializer
from catalog.api.watched import find_title
from catalog.merging import merge_titles
from catalog.models import Title
from common.http.errors import Invalid
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class MergeSerializer(serializers.Serializer[None]):
    """The title that stays."""

    into = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class TitleMergeView(APIView):
    """Merges a title into another one."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=MergeSerializer,
        responses={200: JobSerializer, **refusals(400, 401, 403, 404, 409, 429)},
    )
    def post(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Move all of this title to another one, and return the job that can undo it for 30 days.

        The address of this one leads to the other one from now on.
        """
        user = current_user(request)
        title = find_title(Title, id_or_slug, user)
        form = MergeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        into = Title.objects.all().visible_to(user).filter(pk=form.validated_data["into"]).first()
        if into is None:
            message = _("There is no such title.")
            raise Invalid(message, fields={"into": [message]})
        return PrivateResponse(JobSerializer(merge_titles(title, into, moderator=user)).data)
