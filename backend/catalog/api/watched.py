"""/api/movies, /api/anime and /api/shows: titles to watch are listed, entered, changed and deleted.

Lists and details are those of /api/titles, of one kind. Moderators write all titles; others propose
some, which wait for a moderator.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.throttles import count_visit
from accounts.models import User
from catalog.api.serializers import NewTitleSerializer, TitleSerializer
from catalog.api.titles import TitleDetailView, TitleListView, find_titles
from catalog.choices import Kind
from catalog.editing import (
    create_title,
    edit_title,
    propose_title,
    refuse_editor,
    refuse_proposer,
    remove_title,
)
from catalog.known_titles import find_known_titles, shown_title
from catalog.models import Anime, Movie, Show, Title
from catalog.permissions import MODERATE
from catalog.rows import title_detail
from catalog.title_forms import (
    EpisodicFormSerializer,
    MovieFormSerializer,
    TitleFormSerializer,
    sent_facts,
)
from common.files.pictures.rules import MIB
from common.http.errors import NotFound
from common.http.parsers import JsonParser, MultiPartParser
from common.http.responses import PrivateResponse
from common.http.serializers import refusals


class PictureBody(APIView):
    """Limits a JSON body as everywhere, and a form by what a picture may have."""

    parser_classes = [JsonParser, MultiPartParser]

    @property
    def max_body_bytes(self) -> int:
        """More than a picture may have, so that one that is too large is told so in its words."""
        if (self.request.content_type or "").startswith("multipart/"):
            return int(settings.UPLOAD_LIMITS["max_picture_bytes"]) + MIB
        return int(settings.API_MAX_BODY_BYTES)


def _form_of(form: type[TitleFormSerializer]) -> Any:
    return {"application/json": form, "multipart/form-data": form}


def _writer(request: Request) -> User:
    # Not by `permission_classes`: guests read these addresses.
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


class WatchedListView(PictureBody, TitleListView):
    """Lists the titles of a kind, and takes new ones."""

    kind: ClassVar[Kind]
    form: ClassVar[type[TitleFormSerializer]]

    def post(self, request: Request) -> PrivateResponse:
        """Enter a title: a moderator's is public at once, another user's waits for one.

        409 `title_exists` names titles of the same name and year; with `is_another` it is taken
        nevertheless. Moderators are told of them in `similar`.
        """
        user = _writer(request)
        is_moderator = user.has_perm(MODERATE)
        if not is_moderator:
            refuse_proposer(user)  # before the body is read
            count_visit("propose", f"u{user.pk}")
        form = self.form(data=sent_facts(request.data))
        form.is_valid(raise_exception=True)
        facts = form.validated_data
        is_another = facts.pop("is_another")
        if is_moderator:
            similar = find_known_titles(facts, kind=self.kind, viewer=user)
            title = create_title(self.kind, facts, moderator=user)
        else:
            similar = []
            title = propose_title(self.kind, facts, author=user, is_another=is_another)
        body = written_body(title) | {"similar": [shown_title(one) for one in similar]}
        return PrivateResponse(body, status=201)


class WatchedDetailView(PictureBody, TitleDetailView):
    """Shows, changes and deletes a title of a kind."""

    form: ClassVar[type[TitleFormSerializer]]

    def put(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Replace all facts of a title; the poster stays unless one is sent."""
        return self.change(request, id_or_slug, is_partial=False)

    def patch(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Change those facts that are sent."""
        return self.change(request, id_or_slug, is_partial=True)

    @extend_schema(responses={204: None, **refusals(401, 403, 404, 429)})
    def delete(self, request: Request, id_or_slug: str) -> PrivateResponse:
        """Delete a title, or withdraw one's own proposal.

        One that somebody holds in their library leaves every list and stays theirs.
        """
        user = _writer(request)
        remove_title(find_title(self.titles, id_or_slug, user), user=user)
        return PrivateResponse(status=204)

    def change(self, request: Request, id_or_slug: str, *, is_partial: bool) -> PrivateResponse:
        """Write the facts that are sent."""
        user = _writer(request)
        title = find_title(self.titles, id_or_slug, user)
        refuse_editor(title, user)  # before the body is read
        form = self.form(data=sent_facts(request.data), partial=is_partial)
        form.is_valid(raise_exception=True)
        facts = form.validated_data
        facts.pop("is_another", None)
        edit_title(title, facts, editor=user)
        return PrivateResponse(written_body(title))


def find_title(titles: type[Title], id_or_slug: str, user: User) -> Title:
    """Return the title that the word stands for; raises NotFound where the user sees none."""
    visible = titles.objects.all().visible_to(user)
    found = find_titles(visible, id_or_slug).first()
    if found is None:
        raise NotFound(_("There is nothing here."))
    return Title.objects.get(pk=found.pk)


def written_body(title: Title) -> dict[str, Any]:
    """Return a title as it is after it was written, also where it is not public."""
    detail = title_detail(Title.objects.filter(pk=title.pk))
    if detail is None:  # deleted at this moment
        raise NotFound(_("There is nothing here."))
    return TitleDetailView().private_body(detail)


_CREATED = {201: NewTitleSerializer, **refusals(400, 401, 403, 409, 422, 429, 503)}
_CHANGED = {200: TitleSerializer, **refusals(400, 401, 403, 404, 422, 429, 503)}


def _entered_by(form: type[TitleFormSerializer]) -> Any:
    return extend_schema_view(post=extend_schema(request=_form_of(form), responses=_CREATED))


def _changed_by(form: type[TitleFormSerializer]) -> Any:
    changed = extend_schema(request=_form_of(form), responses=_CHANGED)
    return extend_schema_view(put=changed, patch=changed)


@_entered_by(MovieFormSerializer)
class MovieListView(WatchedListView):
    """Movies."""

    titles, kind, form = Movie, Kind.MOVIE, MovieFormSerializer


@_changed_by(MovieFormSerializer)
class MovieDetailView(WatchedDetailView):
    """One movie."""

    titles, folder, form = Movie, "movies", MovieFormSerializer


@_entered_by(EpisodicFormSerializer)
class AnimeListView(WatchedListView):
    """Anime."""

    titles, kind, form = Anime, Kind.ANIME, EpisodicFormSerializer


@_changed_by(EpisodicFormSerializer)
class AnimeDetailView(WatchedDetailView):
    """One anime."""

    titles, folder, form = Anime, "anime", EpisodicFormSerializer


@_entered_by(EpisodicFormSerializer)
class ShowListView(WatchedListView):
    """Shows."""

    titles, kind, form = Show, Kind.SHOW, EpisodicFormSerializer


@_changed_by(EpisodicFormSerializer)
class ShowDetailView(WatchedDetailView):
    """One show."""

    titles, folder, form = Show, "shows", EpisodicFormSerializer
