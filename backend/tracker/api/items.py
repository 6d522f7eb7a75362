"""/api/library/items: the items of one's own library."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.auth.authority import confirm_authority
from accounts.models import ApiKey
from accounts.scopes import LIBRARY
from catalog.choices import Kind
from common.http.errors import Invalid, NotFound
from common.http.pagination import FilterBackend
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from sources.contract import FoundTitle
from sources.registry import all_sources
from sources.titles.details import details_now
from tracker.api.item_query import (
    ItemFilterSet,
    ItemPages,
    UnreadPages,
    filters_named,
)
from tracker.api.serializers import (
    ItemChangeSerializer,
    ItemFormSerializer,
    ItemSerializer,
    StepSerializer,
)
from tracker.choices import Origin
from tracker.library.items import (
    add_found_item,
    add_item,
    add_named_item,
    edit_item,
    find_external,
    remove_item,
    step_progress,
    version_of,
)
from tracker.library.rows import rows_of_ids
from tracker.models import NOTHING_UNREAD, LibraryItem

IF_MATCH = OpenApiParameter(
    "If-Match", location="header", description="the ETag of the item as the client has seen it"
)


def origin_of(request: Request) -> Origin:
    """Return where the changes of a request come from."""
    return Origin.API if isinstance(request.auth, ApiKey) else Origin.WEB


def item_answer(item: LibraryItem, *, status: int = 200) -> PrivateResponse:
    """Answer one item, with its version as the ETag."""
    found = rows_of_ids([item.pk])
    if not found:  # another device has removed it meanwhile
        raise NotFound(_("There is no such item in your library."))
    response = PrivateResponse(found[0], status=status)
    response["ETag"] = version_of(item.pk, item.updated_at)
    return response


def _seen(request: Request) -> str | None:
    """Return the version that If-Match names; `*` names any."""
    header = request.headers.get("If-Match", "").strip().removeprefix("W/")
    return None if header in ("", "*") else header


class ItemListBase(ListAPIView[LibraryItem]):
    """Lists of the user's items, as rows: see `tracker.library.rows`."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY}
    serializer_class = ItemSerializer
    filter_backends = [FilterBackend]
    filterset_class = ItemFilterSet

    def get_queryset(self) -> QuerySet[LibraryItem]:
        """Return the user's own items."""
        if getattr(self, "swagger_fake_view", False):
            return LibraryItem.objects.none()
        return LibraryItem.objects.filter(user=current_user(self.request))

    def page(self) -> Response:
        """Answer the page that is asked for."""
        items = self.get_queryset()
        asked = ItemFilterSet.base_filters.keys() & self.request.query_params.keys()
        if asked:
            self.filterset_class = filters_named(frozenset(asked))
            items = self.filter_queryset(items)
        page: Any = self.paginate_queryset(items)
        return self.get_paginated_response(rows_of_ids([row["id"] for row in page]))


class ItemListView(ItemListBase):
    """The items of the user's library."""

    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY, "POST": LIBRARY}
    pagination_class = ItemPages

    @extend_schema(responses={200: ItemSerializer(many=True), **refusals(400, 401, 403, 429)})
    def get(self, request: Request) -> Response:
        """List one's library; without `ordering` what was changed last comes first."""
        return self.page()

    @extend_schema(
        request=ItemFormSerializer,
        responses={
            200: ItemSerializer,
            201: ItemSerializer,
            **refusals(400, 401, 403, 404, 409, 429, 502, 503),
        },
    )
    def post(self, request: Request) -> Response:
        """Add a title; 200 where it is there already, and only what is given changes.

        One that only a source knows is taken from there: 503 `source_pending` where the source has
        not answered within five seconds.
        """
        form = ItemFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        item, is_new = _add(request, dict(form.validated_data))
        return item_answer(item, status=201 if is_new else 200)


def _add(request: Request, words: dict[str, Any]) -> tuple[LibraryItem, bool]:
    user, origin = current_user(request), origin_of(request)
    title_id, external = words.pop("title_id", None), words.pop("external", None)
    name, kind = words.pop("title", None), words.pop("type", None)
    kind = None if kind is None else Kind(kind)
    if external is not None and title_id is None:
        site, external_id = external["site"], external["id"]
        title_id = find_external(user, site=site, external_id=external_id, kind=kind)
        if title_id is None:
            confirm_authority(user)  # nothing is asked for who has lost it while the body came
            found = _found_at(site, external_id)
            return add_found_item(user, source=site, found=found, fields=words, origin=origin)
    if title_id is not None:
        return add_item(user, title_id=title_id, fields=words, origin=origin)
    if name is None or kind is None:
        message = _("Name the title: by title_id, by external, or by title and type.")
        missing = [field for field, value in (("title", name), ("type", kind)) if value is None]
        raise Invalid(message, fields={field: [message] for field in missing})
    return add_named_item(user, kind=kind, name=name, fields=words, origin=origin)


def _found_at(site: str, external_id: str) -> FoundTitle:
    """Return what a source says of a title that is not here; raises NotFound and SourceFailed."""
    if site not in all_sources():
        raise NotFound(_("There is no such title."))
    return details_now(site, external_id)


class UnreadListView(ItemListBase):
    """The items with unread chapters."""

    pagination_class = UnreadPages

    def get_queryset(self) -> QuerySet[LibraryItem]:
        """Return the user's own items that have unread chapters."""
        return super().get_queryset().filter(last_unread_at__gt=NOTHING_UNREAD)

    @extend_schema(responses={200: ItemSerializer(many=True), **refusals(400, 401, 403, 429)})
    def get(self, request: Request) -> Response:
        """List what has chapters that one has not read, the newest chapter first."""
        return self.page()


class ItemView(APIView):
    """One item of the user's library."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY, "PATCH": LIBRARY, "DELETE": LIBRARY}

    @extend_schema(responses={200: ItemSerializer, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, pk: int) -> Response:
        """Show an item."""
        return item_answer(_own_item(request, pk=pk))

    @extend_schema(
        parameters=[IF_MATCH],
        request=ItemChangeSerializer,
        responses={200: ItemSerializer, **refusals(400, 401, 403, 404, 409, 412, 429)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change an item."""
        form = ItemChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields = dict(form.validated_data)
        changed_at: datetime | None = fields.pop("changed_at", None)
        item = edit_item(
            current_user(request), int(pk), fields=fields, changed_at=changed_at,
            origin=origin_of(request), seen=_seen(request),
        )  # fmt: skip
        return item_answer(item)

    @extend_schema(
        parameters=[IF_MATCH], responses={204: None, **refusals(401, 403, 404, 412, 429)}
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Remove an item; its history stays, and can bring it back."""
        remove_item(current_user(request), int(pk), origin=origin_of(request), seen=_seen(request))
        return PrivateResponse(status=204)


def _own_item(request: Request, **which: Any) -> LibraryItem:
    mine = LibraryItem.objects.filter(user=current_user(request), **which)
    found = mine.only("pk", "updated_at").first()
    if found is None:
        raise NotFound(_("There is no such item in your library."))
    return found


class ItemOfTitleView(APIView):
    """The user's item of a title."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY}

    @extend_schema(responses={200: ItemSerializer, **refusals(401, 403, 404, 429)})
    def get(self, request: Request, pk: int) -> Response:
        """Show the item that one has of a title."""
        return item_answer(_own_item(request, title=pk))


class ItemProgressView(APIView):
    """The progress of an item."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=StepSerializer,
        responses={200: ItemSerializer, **refusals(400, 401, 403, 404, 429)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Move the progress from where it is; sent twice, it moves twice."""
        form = StepSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        item = step_progress(
            current_user(request), int(pk), by=form.validated_data["by"],
            origin=origin_of(request),
        )  # fmt: skip
        return item_answer(item)
