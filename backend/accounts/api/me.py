"""/api/auth/me: the user's profile, preferences and avatar; export and deletion of the account."""

from typing import Any, ClassVar, Literal

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.throttles import count_visit
from accounts.auth.addresses import is_confirmed, pending_email
from accounts.auth.passwords import refuse_wrong_password
from accounts.auth.second_factor import has_second_factor, must_have_second_factor
from accounts.models import AvatarUpload, Fit, RequestState, UploaderRequest, User, Visibility
from accounts.profile.account_deletion import delete_account
from accounts.profile.avatar_uploads import (
    LIMITS,
    avatar_upload_of,
    failure_sentence,
    submit_avatar,
)
from accounts.profile.avatars import Avatar, avatar_of, remove_avatar
from accounts.profile.export import EXPORT_NAME, write_export
from accounts.profile.profiles import (
    LANGUAGES,
    MAX_BIO,
    MAX_DISPLAY_NAME,
    READING_COLUMNS,
    edit_profile,
)
from accounts.roles.groups import roles_of
from accounts.roles.uploader_requests import newest_request
from accounts.scopes import READ
from common.choices import Direction, Rating
from common.files.pictures.rules import MIB
from common.http.parsers import MultiPartParser
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class ReadingFormSerializer(serializers.Serializer[None]):
    """The user's way of reading; empty and null leave it to the title or the device."""

    direction = serializers.ChoiceField(Direction.choices, required=False, allow_blank=True)
    fit = serializers.ChoiceField(Fit.choices, required=False, allow_blank=True)
    data_saver = serializers.BooleanField(required=False, allow_null=True)
    languages = serializers.ListField(
        child=serializers.CharField(max_length=35),
        required=False,
        help_text="BCP 47, up to 10, the one they like best first; empty: the browser's",
    )


class MeFormSerializer(serializers.Serializer[None]):
    """All that users may change about themselves."""

    display_name = serializers.CharField(
        max_length=MAX_DISPLAY_NAME, required=False, allow_blank=True
    )
    bio = serializers.CharField(max_length=MAX_BIO, required=False, allow_blank=True)
    language = serializers.ChoiceField(LANGUAGES, required=False)
    time_zone = serializers.CharField(
        max_length=64, required=False, allow_blank=True, help_text="IANA name; empty: the device's"
    )
    visibility = serializers.ChoiceField(Visibility.choices, required=False)
    reading = ReadingFormSerializer(required=False)
    hidden_ratings = serializers.ListField(
        child=serializers.ChoiceField(Rating.choices), required=False, max_length=len(Rating)
    )


class PasswordFormSerializer(serializers.Serializer[None]):
    """The password, to be sure."""

    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class AvatarFormSerializer(serializers.Serializer[None]):
    file = serializers.FileField(help_text="JPEG, PNG, WebP, AVIF or still GIF, up to 5 MB")


class AvatarSerializer(serializers.Serializer[Avatar]):
    url = serializers.CharField()
    is_public = serializers.BooleanField(help_text="false: members see it, by short-lived address")
    public_from = serializers.DateTimeField(
        allow_null=True, help_text="when everybody sees one that is not public yet"
    )


class AvatarUploadSerializer(serializers.Serializer[AvatarUpload]):
    """The picture that was sent last, while it is not the avatar."""

    state = serializers.SerializerMethodField(
        help_text="waiting: it is being prepared; failed: it cannot be used"
    )
    error_code = serializers.CharField(allow_blank=True)
    detail = serializers.SerializerMethodField(help_text="why it cannot be used, in words")

    def get_state(self, sent: AvatarUpload) -> Literal["waiting", "failed"]:
        """Return whether the picture waits or has failed."""
        return "failed" if sent.error_code else "waiting"

    def get_detail(self, sent: AvatarUpload) -> str:
        """Return what is wrong with the picture."""
        return failure_sentence(sent)


class PermissionsSerializer(serializers.Serializer[Any]):
    upload = serializers.BooleanField()
    moderate = serializers.BooleanField()
    admin = serializers.BooleanField()


class ReadingPreferencesSerializer(serializers.Serializer[User]):
    direction = serializers.ChoiceField(
        Direction.choices, source="reading_direction", allow_blank=True
    )
    fit = serializers.ChoiceField(Fit.choices, source="reading_fit", allow_blank=True)
    data_saver = serializers.BooleanField(allow_null=True)
    languages = serializers.ListField(child=serializers.CharField(), source="reading_languages")


class MyUploaderRequestSerializer(serializers.Serializer[UploaderRequest]):
    state = serializers.ChoiceField(RequestState.choices)
    text = serializers.CharField(allow_blank=True)
    answer = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class MeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    bio = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    email_confirmed = serializers.BooleanField()
    pending_email = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    permissions = PermissionsSerializer()
    language = serializers.ChoiceField(LANGUAGES)
    time_zone = serializers.CharField(allow_blank=True)
    visibility = serializers.ChoiceField(Visibility.choices)
    reading = ReadingPreferencesSerializer()
    hidden_ratings = serializers.ListField(child=serializers.ChoiceField(Rating.choices))
    avatar = AvatarSerializer(allow_null=True)
    avatar_upload = AvatarUploadSerializer(
        allow_null=True, help_text="null: none waits, and the last one sent could be used"
    )
    # Not a class: every field of DRF has a `required` of its own.
    second_factor = inline_serializer(
        "MySecondFactor",
        {"enabled": serializers.BooleanField(), "required": serializers.BooleanField()},
    )
    uploader_request = MyUploaderRequestSerializer(allow_null=True)
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: User) -> dict[str, Any]:
        """Return the facts of `_facts_of`."""
        return super().to_representation(_facts_of(instance))


class MeView(APIView):
    """The user of the request."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(responses={200: MeSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> Response:
        """Show who one is."""
        return PrivateResponse(MeSerializer(current_user(request)).data)

    @extend_schema(
        request=MeFormSerializer, responses={200: MeSerializer, **refusals(400, 401, 403, 429)}
    )
    def patch(self, request: Request) -> Response:
        """Change how one is shown and likes to read; what is left out stays as it is."""
        form = MeFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = current_user(request)
        edit_profile(user, **_columns(form.validated_data))
        return PrivateResponse(MeSerializer(user).data)

    @extend_schema(
        request=PasswordFormSerializer, responses={204: None, **refusals(400, 401, 403, 429)}
    )
    def delete(self, request: Request) -> Response:
        """Delete one's account: what is shared stays under nobody's name, the rest goes."""
        form = PasswordFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        delete_account(current_user(request), password=form.validated_data["password"])
        return PrivateResponse(status=204)


class AvatarView(APIView):
    """The user's avatar."""

    permission_classes = [IsAuthenticated]
    parser_classes = [MultiPartParser]
    throttle_scope = "avatar"
    # More than a picture may have, so that one that is too large is told so in its own words.
    max_body_bytes = LIMITS.max_picture_bytes + MIB

    @extend_schema(
        request={"multipart/form-data": AvatarFormSerializer},
        responses={202: AvatarUploadSerializer, **refusals(400, 401, 403, 422, 429, 503)},
    )
    def put(self, request: Request) -> Response:
        """Set it: its middle becomes a square of 256 pixels, in the background.

        Until then the old one stays. `avatar_upload` of `GET /api/auth/me` tells what became of it.
        A new account's is seen by members only, for some days.
        """
        form = AvatarFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent = submit_avatar(current_user(request), form.validated_data["file"])
        return PrivateResponse(AvatarUploadSerializer(sent).data, status=202)

    @extend_schema(responses={204: None, **refusals(401, 403, 429)})
    def delete(self, request: Request) -> Response:
        """Remove it, and one that is being prepared."""
        remove_avatar(current_user(request))
        return PrivateResponse(status=204)


class ExportView(APIView):
    """The export of the user's data."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        request=PasswordFormSerializer,
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            **refusals(400, 401, 403, 429, 503),
        },
    )
    def post(self, request: Request) -> FileResponse:
        """Get all that is kept about oneself, as one zip of JSON files."""
        form = PasswordFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = current_user(request)
        refuse_wrong_password(user, form.validated_data["password"])
        # Not before the password is checked: wrong ones use nothing up.
        count_visit("export", f"u{user.pk}")
        return FileResponse(
            write_export(user),
            as_attachment=True,
            filename=EXPORT_NAME,
            content_type="application/zip",
            headers={"Cache-Control": "private, no-store"},
        )


def _facts_of(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "username": user.username,
        "display_name": user.display_name,
        "bio": user.bio,
        "email": user.email,
        "email_confirmed": is_confirmed(user),
        "pending_email": pending_email(user),
        "roles": roles_of(user),
        "permissions": {
            "upload": user.has_perm("reader.submit_upload"),
            "moderate": user.has_perm("reader.moderate_upload"),
            "admin": user.has_perm("accounts.enter_admin") or user.is_staff,
        },
        "language": user.language,
        "time_zone": user.time_zone,
        "visibility": user.visibility,
        "reading": user,
        "hidden_ratings": user.hidden_ratings,
        "avatar": avatar_of(user),
        "avatar_upload": avatar_upload_of(user),
        "second_factor": {
            "enabled": has_second_factor(user),
            "required": must_have_second_factor(user),
        },
        "uploader_request": newest_request(user),
        "created_at": user.date_joined,
    }


def _columns(words: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a form by the columns that hold them."""
    reading = words.pop("reading", {})
    chosen = {column: reading[name] for column, name in READING_COLUMNS.items() if name in reading}
    return {**words, **chosen}
