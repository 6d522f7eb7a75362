"""The list of all titles to watch, with those that are proposed; each has a page of its kind."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from catalog.admin.imports import import_page
from catalog.admin.titles import TitleAdmin
from catalog.choices import READABLE_KINDS
from catalog.models import Title
from common.typed_admin import NameOrderedList


class TitleList(NameOrderedList):
    """Lists titles to watch of every kind; the pickers of other pages still find every title."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        """Leave out series, which have their own list."""
        titles = super().get_queryset(request, exclude_parameters)
        return titles.exclude(kind__in=READABLE_KINDS)


@admin.register(Title)
class EveryTitleAdmin(TitleAdmin):
    """Lists and decides about titles to watch of every kind; each is edited on its kind's page."""

    change_list_template = "admin/site/title_list.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Tell whether this user may import titles."""
        context = {"may_import": self.has_moderate_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_urls(self) -> list[URLPattern]:
        """Add the page that imports titles."""
        page = self.admin_site.admin_view(import_page)
        return [path("import/", page, name="catalog_title_import"), *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Use TitleList."""
        return TitleList

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: titles are added on the pages of their kinds."""
        return False

    def change_view(self, request: HttpRequest, object_id: str, *_page: Any) -> HttpResponse:
        """Go on to the page of the title's kind."""
        title = self.get_object(request, object_id)
        if title is None:
            return super().change_view(request, object_id)
        page = "reader_series" if title.kind in READABLE_KINDS else f"catalog_{title.kind}"
        return HttpResponseRedirect(reverse(f"admin:{page}_change", args=[title.pk]))

    def button_views(self) -> dict[str, Callable[..., HttpResponse]]:
        """Return none: the buttons are on the pages of the kinds."""
        return {}
