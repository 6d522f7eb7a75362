"""Movies, anime and shows in the admin: titles with trailers and screenshots."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalog.admin.decisions import current_user
from catalog.admin.titles import TitleAdmin, TitleForm
from catalog.choices import Kind
from catalog.models import Anime, Movie, Screenshot, Show, Title
from catalog.screenshots import (
    MAX_SCREENSHOTS,
    add_screenshot,
    order_screenshots,
    remove_screenshot,
)
from catalog.trailers import SITES, UnknownVideo, read_trailer
from common.files.media import media_url
from common.http.errors import AppError

_MAX_TRAILERS = 10


class TrailersField(forms.CharField):
    """Reads one address a line; each has to be a video on a site of `catalog.trailers`."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        """Return the addresses of kept trailers, one a line."""
        if isinstance(value, list):
            return "\n".join(trailer["url"] for trailer in value)
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the addresses."""
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> Any:
        """Return the videos as they are kept."""
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if len(lines) > _MAX_TRAILERS:
            raise ValidationError(
                _("A title has at most %(count)d trailers."), params={"count": _MAX_TRAILERS}
            )
        return [self._video(line) for line in lines]

    def _video(self, line: str) -> dict[str, str]:
        try:
            return read_trailer(line)._asdict()
        except UnknownVideo as error:
            raise ValidationError(
                _("“%(address)s” is no video on a site that is known here: %(sites)s."),
                params={"address": line, "sites": ", ".join(SITES)},
            ) from error


class WatchedForm(TitleForm):
    """Edits the facts of a title to watch."""

    trailers = TrailersField(
        required=False,
        label=gettext_lazy("Trailers"),
        help_text=gettext_lazy("Addresses of videos, one a line."),
    )


class WatchedAdmin(TitleAdmin):
    """Edits titles to watch of one kind, and decides about them."""

    form = WatchedForm
    change_form_template = "admin/site/watched_form.html"
    kind: Kind
    lengths: tuple[Any, ...] = ("duration_minutes",)
    list_display = ("cover_small", "name", "status", "moderation", "year", "created_at")
    list_filter = ("moderation", "status", "content_rating", "categories")

    def get_fieldsets(self, request: HttpRequest, obj: Title | None = None) -> Any:
        """Leave out the kind and what belongs to reading; add what belongs to watching."""
        _named, facts, *rest = super().get_fieldsets(request, obj)
        shown = (
            ("status", "content_rating"),
            ("year", "original_language"),
            *self.lengths,
            "categories",
            "tags",
            "trailers",
        )
        named = (None, {"fields": ("name", "original_name", "synopsis")})
        return (named, (facts[0], {"fields": shown}), *rest)

    def save_model(
        self, request: HttpRequest, obj: Title, form: forms.ModelForm[Title], change: bool
    ) -> None:
        """Give a new title the kind of the page."""
        if not change:
            obj.kind = self.kind
        super().save_model(request, obj, form, change)

    def page_context(self, request: HttpRequest, title: Title) -> dict[str, Any]:
        """Add the screenshots."""
        shots = Screenshot.objects.filter(title=title.pk).select_related("original", "small")
        address = reverse(f"admin:{self._address('screenshots')}", args=[title.pk])
        return super().page_context(request, title) | {
            "screenshots": [
                {"shot": shot, "url": media_url((shot.small or shot.original).name)}
                for shot in shots.order_by("position", "pk")
            ],
            "max_screenshots": MAX_SCREENSHOTS,
            "set_screenshots_url": address,
        }

    def button_views(self) -> dict[str, Callable[..., HttpResponse]]:
        """Add the view of the screenshots."""
        return super().button_views() | {"screenshots": self.change_screenshots}

    def change_screenshots(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Remove the chosen screenshots, put the others into their order, and add new ones."""
        if not self.has_moderate_permission(request):
            raise PermissionDenied
        title = Title.objects.get(pk=get_object_or_404(self.get_queryset(request), pk=pk).pk)
        try:
            self._change_screenshots(title, request, current_user(request))
            messages.success(request, _("The screenshots are saved."))
        except AppError as error:
            messages.error(request, str(error.message))
        return self.back_to(pk, "screenshots")

    def _change_screenshots(self, title: Title, request: HttpRequest, moderator: User) -> None:
        gone = {int(word) for word in request.POST.getlist("remove") if word.isdecimal()}
        for shot in sorted(gone):
            remove_screenshot(title, shot, moderator=moderator)
        held = list(
            Screenshot.objects.filter(title=title.pk)
            .order_by("position", "pk")
            .values_list("pk", flat=True)
        )
        wanted = sorted(held, key=lambda shot: _place(request.POST.get(f"place-{shot}")))
        if wanted != held:
            order_screenshots(title, wanted, moderator=moderator)
        for picture in request.FILES.getlist("screenshots"):
            add_screenshot(title, picture, moderator=moderator)


def _place(word: str | None) -> int:
    return int(word) if word and word.isdecimal() and len(word) < 6 else 0


@admin.register(Movie)
class MovieAdmin(WatchedAdmin):
    """Edits movies."""

    kind = Kind.MOVIE


class EpisodicAdmin(WatchedAdmin):
    """Edits what has seasons and episodes."""

    lengths = (("season_count", "length"), "duration_minutes")


@admin.register(Anime)
class AnimeAdmin(EpisodicAdmin):
    """Edits anime."""

    kind = Kind.ANIME


@admin.register(Show)
class ShowAdmin(EpisodicAdmin):
    """Edits shows."""

    kind = Kind.SHOW
