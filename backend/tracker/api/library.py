"""/api/library: the summary, the history and the preferences of one's own library."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.scopes import LIBRARY
from common.http.errors import NotFound
from common.http.pagination import CursorPages
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from tracker.api.items import item_answer
from tracker.api.serializers import (
    ChangeSerializer,
    ItemSerializer,
    SettingsSerializer,
    SummarySerializer,
)
from tracker.library.counters import summary_of
from tracker.library.history import history_of
from tracker.library.items import undo_change
from tracker.library.preferences import change_preferences, preferences_of
from tracker.models import LibraryChange, LibraryItem


class SummaryView(APIView):
    """What the library adds up to."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY}

    @extend_schema(responses={200: SummarySerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> Response:
        """Count one's library."""
        found = summary_of(current_user(request).pk)
        return PrivateResponse(SummarySerializer(found).data)


class SettingsView(APIView):
    """What the user wants of their library."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY, "PATCH": LIBRARY}

    @extend_schema(responses={200: SettingsSerializer, **refusals(401, 403, 429)})
    def get(self, request: Request) -> Response:
        """Show one's preferences."""
        found = preferences_of(current_user(request).pk)
        return PrivateResponse(SettingsSerializer(found).data)

    @extend_schema(
        request=SettingsSerializer(partial=True),
        responses={200: SettingsSerializer, **refusals(400, 401, 403, 429)},
    )
    def patch(self, request: Request) -> Response:
        """Change some of them."""
        form = SettingsSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        kept = change_preferences(current_user(request), **form.validated_data)
        return PrivateResponse(SettingsSerializer(kept).data)


class ChangePages(CursorPages):
    """Pages of a history, the newest change first; ids are given in the order of changes."""

    ordering = ("-at", "-pk")


class HistoryView(ListAPIView[LibraryChange]):
    """What was changed in the library."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY}
    serializer_class = ChangeSerializer
    pagination_class = ChangePages

    def get_queryset(self) -> QuerySet[LibraryChange]:
        """Return the user's own history."""
        if getattr(self, "swagger_fake_view", False):
            return LibraryChange.objects.none()
        return history_of(current_user(self.request).pk)

    @extend_schema(responses={200: ChangeSerializer(many=True), **refusals(400, 401, 403, 429)})
    def get(self, request: Request, *args: Any, **place: Any) -> Response:
        """List the changes of one's library, the newest first."""
        return super().get(request, *args, **place)


class ItemHistoryView(HistoryView):
    """What was changed of one item."""

    def get_queryset(self) -> QuerySet[LibraryChange]:
        """Return the changes of the item's title, those before it was removed once too."""
        if getattr(self, "swagger_fake_view", False):
            return LibraryChange.objects.none()
        user = current_user(self.request)
        item = LibraryItem.objects.filter(user=user, pk=self.kwargs["pk"]).first()
        if item is None:
            raise NotFound(_("There is no such item in your library."))
        return history_of(user.pk, title_id=item.title_id)

    @extend_schema(
        responses={
            200: ChangeSerializer(many=True),
            **refusals(400, 401, 403, 404, 429),
        }
    )
    def get(self, request: Request, *args: Any, **place: Any) -> Response:
        """List the changes of an item, the newest first."""
        return super().get(request, *args, **place)


class UndoChangeView(APIView):
    """Undoes the last change of a title in the library."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=None,
        responses={200: ItemSerializer, 204: None, **refusals(401, 403, 404, 409, 429)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Undo a change, also the removal of an item; 204 where there is no item afterwards."""
        item = undo_change(current_user(request), int(pk))
        return PrivateResponse(status=204) if item is None else item_answer(item)
