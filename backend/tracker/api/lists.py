"""/api/library/lists and /api/library/tags, and /api/lists/{slug} for lists that are shared."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.models import User
from accounts.scopes import LIBRARY, READ
from catalog.api.serializers import TitleRowSerializer
from catalog.rows import title_rows
from common.http.keyset_pages import KeysetPages, KeysetPaging
from common.http.queries import Paging, page_body, parse_query
from common.http.responses import PrivateResponse
from common.http.serializers import numbered_list, refusals
from tracker.api.serializers import TagField
from tracker.library.lists import (
    delete_list,
    edit_list,
    find_list,
    find_public_list,
    make_list,
    put_entry,
    remove_entry,
    titles_of,
)
from tracker.library.tags import delete_tag, make_tag, rename_tag, tag_counts
from tracker.models import LibraryList


class ListFormSerializer(serializers.Serializer[None]):
    """A list of titles."""

    name = serializers.CharField(max_length=100)
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    public = serializers.BooleanField(
        source="is_public", required=False, help_text="anybody who has its address sees it"
    )


class LibraryListSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    slug = serializers.CharField()
    public = serializers.BooleanField(source="is_public")
    count = serializers.IntegerField(source="entry_count")
    owner = serializers.CharField(source="user.username")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class EntryFormSerializer(serializers.Serializer[None]):
    """A title for a list."""

    title_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    position = serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, help_text="from 1; left out: the last"
    )


_TITLES = numbered_list(TitleRowSerializer, "ListedTitlePage")
_LIST_WITH_TITLES = inline_serializer(
    "LibraryListWithTitles", {"list": LibraryListSerializer(), "titles": _TITLES}
)


def _with_titles(request: Request, found: LibraryList, *, viewer: User | None) -> PrivateResponse:
    """Answer a list with a page of its titles, in its order."""
    asked = parse_query(Paging, request.query_params)
    start = (asked["page"] - 1) * asked["page_size"]
    titles = titles_of(found, viewer=viewer)
    rows = title_rows(titles[start : start + asked["page_size"]])
    page = page_body(request._request, rows, count=titles.count(), **asked)
    return PrivateResponse({"list": LibraryListSerializer(found).data, "titles": page})


class ListPaging(KeysetPaging):
    """The page of one's lists, and which of them."""

    title_id = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="only those with this title"
    )


class ListPages(KeysetPages):
    """Pages of one's lists, the last changed first."""

    query = ListPaging
    orders = {"": ("updated_at", True)}


class LibraryListsView(ListAPIView[LibraryList]):
    """The user's lists."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY, "POST": LIBRARY}
    serializer_class = LibraryListSerializer
    pagination_class = ListPages

    def get_queryset(self) -> QuerySet[LibraryList]:
        """Return the user's own lists."""
        if getattr(self, "swagger_fake_view", False):
            return LibraryList.objects.none()
        mine = LibraryList.objects.filter(user=current_user(self.request)).select_related("user")
        title_id = parse_query(ListPaging, self.request.query_params).get("title_id")
        return mine if title_id is None else mine.filter(entries__title=title_id)

    @extend_schema(
        responses={
            200: LibraryListSerializer(many=True),
            **refusals(400, 401, 403, 429),
        }
    )
    def get(self, request: Request, *args: Any, **place: Any) -> Response:
        """List one's lists, the last changed first."""
        return super().get(request, *args, **place)

    @extend_schema(
        request=ListFormSerializer,
        responses={201: LibraryListSerializer, **refusals(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Make a list."""
        form = ListFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        made = make_list(current_user(request), **form.validated_data)
        return PrivateResponse(LibraryListSerializer(made).data, status=201)


class LibraryListView(APIView):
    """One of the user's lists."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY, "PATCH": LIBRARY, "DELETE": LIBRARY}

    @extend_schema(
        parameters=[Paging],
        responses={200: _LIST_WITH_TITLES, **refusals(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Show a list with a page of its titles."""
        user = current_user(request)
        return _with_titles(request, find_list(user, int(pk)), viewer=user)

    @extend_schema(
        request=ListFormSerializer(partial=True),
        responses={200: LibraryListSerializer, **refusals(400, 401, 403, 404, 429)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change its name, its description or who sees it; its address stays."""
        form = ListFormSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        kept = edit_list(current_user(request), int(pk), **form.validated_data)
        return PrivateResponse(LibraryListSerializer(kept).data)

    @extend_schema(responses={204: None, **refusals(401, 403, 404, 429)})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a list; its titles stay in the library."""
        delete_list(current_user(request), int(pk))
        return PrivateResponse(status=204)


class ListEntriesView(APIView):
    """The titles of one of the user's lists."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=EntryFormSerializer,
        responses={200: LibraryListSerializer, **refusals(400, 401, 403, 404, 409, 429)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Put a title into a list, or move it there."""
        form = EntryFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        kept = put_entry(current_user(request), int(pk), **form.validated_data)
        return PrivateResponse(LibraryListSerializer(kept).data)


class ListEntryView(APIView):
    """One title of one of the user's lists."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"DELETE": LIBRARY}

    @extend_schema(responses={204: None, **refusals(401, 403, 404, 429)})
    def delete(self, request: Request, pk: int, title_id: int) -> Response:
        """Take a title out of a list."""
        remove_entry(current_user(request), int(pk), title_id=int(title_id))
        return PrivateResponse(status=204)


class PublicListView(APIView):
    """A list that its owner shares."""

    permission_classes = [AllowAny]
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @extend_schema(
        parameters=[Paging],
        responses={200: _LIST_WITH_TITLES, **refusals(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Show a public list with a page of its public titles."""
        return _with_titles(request, find_public_list(slug), viewer=None)


# --- Tags ---------------------------------------------------------------------------------------


class TagFormSerializer(serializers.Serializer[None]):
    """A tag of one's own."""

    name = TagField()


class LibraryTagSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class CountedTagSerializer(LibraryTagSerializer):
    count = serializers.IntegerField(help_text="items that have it")


_TAGS = inline_serializer("LibraryTagList", {"results": CountedTagSerializer(many=True)})


class LibraryTagsView(APIView):
    """The user's tags."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"GET": LIBRARY, "POST": LIBRARY}

    @extend_schema(responses={200: _TAGS, **refusals(401, 403, 429)})
    def get(self, request: Request) -> Response:
        """List one's tags by name; there are at most 500."""
        found = tag_counts(current_user(request).pk)
        return PrivateResponse({"results": CountedTagSerializer(found, many=True).data})

    @extend_schema(
        request=TagFormSerializer,
        responses={201: LibraryTagSerializer, **refusals(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Make a tag; one that is called so already is answered as it is."""
        form = TagFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        made = make_tag(current_user(request), name=form.validated_data["name"])
        return PrivateResponse(LibraryTagSerializer(made).data, status=201)


class LibraryTagView(APIView):
    """One of the user's tags."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"PATCH": LIBRARY, "DELETE": LIBRARY}

    @extend_schema(
        request=TagFormSerializer,
        responses={200: LibraryTagSerializer, **refusals(400, 401, 403, 404, 409, 429)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Call a tag otherwise, on all items that have it."""
        form = TagFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        kept = rename_tag(current_user(request), int(pk), name=form.validated_data["name"])
        return PrivateResponse(LibraryTagSerializer(kept).data)

    @extend_schema(responses={204: None, **refusals(401, 403, 404, 429)})
    def delete(self, request: Request, pk: int) -> Response:
        """Take a tag off all items."""
        delete_tag(current_user(request), int(pk))
        return PrivateResponse(status=204)
