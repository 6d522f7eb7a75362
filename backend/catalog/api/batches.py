"""POST /api/titles/batch: moderators change or delete many titles."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.jobs import JobSerializer
from catalog.batches import MAX_TITLES, Wish, change_titles, delete_titles
from catalog.choices import Status
from catalog.title_forms import WordField
from common.http.errors import Invalid
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


def _words() -> serializers.ListField:
    return serializers.ListField(child=WordField(max_length=60), max_length=50, default=list)


class TitleChangesSerializer(serializers.Serializer[None]):
    """What each of the titles gets; genres and tags are named by their slugs."""

    status = serializers.ChoiceField(Status.choices, required=False)
    add_genres = _words()
    remove_genres = _words()
    add_tags = _words()
    remove_tags = _words()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what says nothing, or two things at once of one word."""
        if not any(attrs.values()):
            raise serializers.ValidationError(_("Say what is to change."))
        for name in ("genres", "tags"):
            if set(attrs[f"add_{name}"]) & set(attrs[f"remove_{name}"]):
                message = _("A word cannot be added and removed at once.")
                raise serializers.ValidationError({f"remove_{name}": [message]})
        return attrs


class TitleBatchSerializer(serializers.Serializer[None]):
    """Which titles, and what is to become of them: `set`, or `delete`."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), allow_empty=False
    )
    set = TitleChangesSerializer(required=False)
    delete = serializers.BooleanField(default=False)

    def validate_ids(self, ids: list[int]) -> list[int]:
        """Refuse too many, before they are a statement too long for the database."""
        if len(ids) > MAX_TITLES:
            message = _("At most %(count)d titles can be changed at once.") % {"count": MAX_TITLES}
            raise Invalid(message, code="too_many", fields={"ids": [message]})
        return ids

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what says too little or two things at once."""
        if ("set" in attrs) == attrs["delete"]:
            message = _("Say what is to change, or that the titles are to be removed.")
            raise serializers.ValidationError({"set": [message]})
        return attrs


class TitleBatchView(APIView):
    """Changes or deletes titles."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=TitleBatchSerializer,
        responses={200: JobSerializer, **refusals(400, 401, 403, 429)},
    )
    def post(self, request: Request) -> PrivateResponse:
        """Change or delete up to 1,000 titles; `/api/jobs/{id}/items` tells of each.

        It can be undone for 30 days. Deleted titles are in no list from now on, and gone for good
        after these days. Those that have chapters stay: `has_chapters`.
        """
        form = TitleBatchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        words, user = form.validated_data, current_user(request)
        if words["delete"]:
            job = delete_titles(words["ids"], moderator=user)
        else:
            job = change_titles(words["ids"], Wish(**words["set"]), moderator=user)
        return PrivateResponse(JobSerializer(job).data)
