"""The sources: their list, and a page of each with its state and what an admin decides about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.admin.records import ReadOnlyAdmin
from accounts.models import AuditEntry, User
from catalog.admin.decisions import current_user
from common.http.errors import AppError
from sources.answers.clearing import clear_answers
from sources.answers.status import budget_of, stats_of_all, status_of_all, waiting_of
from sources.contract import Can, Source
from sources.models import GroupBlock, SourceChapter, SourceFollow, SourceSettings
from sources.registry import all_sources
from sources.switches import (
    PERMISSION,
    settings_of,
    switch_chapters,
    switch_source,
    trust_source,
)

_SHOWN = 20
STATES = {
    "up": gettext_lazy("Answers"),
    "slow": gettext_lazy("Slow"),
    "limited": gettext_lazy("Asks us to wait"),
    "down": gettext_lazy("Does not answer"),
    "off": gettext_lazy("Off"),
    "unused": gettext_lazy("Not asked yet"),
}


def source_url(name: str) -> str:
    """Return the address of a source's page."""
    return reverse("admin:sources_sourcesettings_source", args=[name])


@admin.register(SourceSettings)
class SourceSettingsAdmin(ReadOnlyAdmin):
    """Shows every source that is installed, whether something is decided about it or not."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """List the sources."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Sources"),
            "opts": self.opts,
            "rows": [
                {
                    "status": status,
                    "state": state_words(status["state"]),
                    "decided": settings_of(all_sources()[status["name"]]),
                    "takes_chapters": Can.CHAPTERS in all_sources()[status["name"]].can,
                    "url": source_url(status["name"]),
                }
                for status in status_of_all()
            ],
        }
        return _private(TemplateResponse(request, "admin/sources/sources.html", context))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Go to the page of the source, from a link of Django's own such as a search."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            return super().change_view(request, object_id, form_url, extra_context)
        return HttpResponseRedirect(source_url(row.source))

    def get_urls(self) -> list[URLPattern]:
        """Add the page of each source, and what an admin can do there."""
        admin_view = self.admin_site.admin_view
        return [
            path(
                "of/<slug:name>/",
                admin_view(self.source_view),
                name="sources_sourcesettings_source",
            ),
            path(
                "of/<slug:name>/decide/",
                admin_view(require_POST(decide)),
                name="sources_sourcesettings_decide",
            ),
            *super().get_urls(),
        ]

    def source_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show a source."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        source = _source_or_404(name)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, **_facts_of(source),
            "may_decide": request.user.has_perm(PERMISSION),
        }  # fmt: skip
        return _private(TemplateResponse(request, "admin/sources/source.html", context))


def decide(request: HttpRequest, name: str) -> HttpResponse:
    """Do what the button says, and show the source again."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    _source_or_404(name)
    act = _ACTS.get(request.POST.get("act", ""))
    if act is not None:
        try:
            messages.success(request, act(name, current_user(request)))
        except AppError as error:
            messages.warning(request, str(error.message))
    return HttpResponseRedirect(source_url(name))


def state_words(state: str) -> str:
    """Return the state of a source in words."""
    return str(STATES.get(state, state))


def _switch(is_on: bool) -> Callable[[str, User], str]:
    def act(name: str, admin: User) -> str:
        switch_source(name, is_on=is_on, admin=admin)
        return _("It is asked again.") if is_on else _("It is not asked any more.")

    return act


def _switch_chapters(is_on: bool) -> Callable[[str, User], str]:
    def act(name: str, admin: User) -> str:
        switch_chapters(name, is_on=is_on, admin=admin)
        return _("Chapters may be taken from it.") if is_on else _("No more chapters are taken.")

    return act


def _trust(is_trusted: bool) -> Callable[[str, User], str]:
    def act(name: str, admin: User) -> str:
        trust_source(name, is_trusted=is_trusted, admin=admin)
        return (
            _("Its chapters go live without a review, but for a sample.")
            if is_trusted
            else _("Its chapters wait for review.")
        )

    return act


def _clear(name: str, admin: User) -> str:
    return _("Answers forgotten: %(count)d.") % {"count": clear_answers(name)}


_ACTS: dict[str, Callable[[str, User], str]] = {
    "on": _switch(True),
    "off": _switch(False),
    "chapters-on": _switch_chapters(True),
    "chapters-off": _switch_chapters(False),
    "trust": _trust(True),
    "untrust": _trust(False),
    "clear": _clear,
}


def _facts_of(source: type[Source]) -> dict[str, Any]:
    name = source.name
    decided = settings_of(source)
    status = next(row for row in status_of_all() if row["name"] == name)
    entries = AuditEntry.objects.filter(subject_type="sourcesettings", subject_id=decided.pk)
    waits = Q(fetch_at__isnull=False)
    return {
        "title": source.label,
        # Not the class, which a template would call.
        "source": {
            "name": name,
            "site_url": source.site_url,
            "chapter_terms": source.chapter_terms,
        },
        "status": status,
        "state": state_words(status["state"]),
        "most_calls": max((hour["calls"] for hour in status["hours"]), default=0),
        "stats": next(row for row in stats_of_all() if row["name"] == name),
        "budgets": budget_of(name),
        "waiting": waiting_of(name),
        "decided": decided,
        "takes_chapters": Can.CHAPTERS in source.can,
        "is_configured": source.is_configured(),
        "follow_count": SourceFollow.objects.filter(source=name).count(),
        "chapters": SourceChapter.objects.filter(source=name).aggregate(
            waiting=Count("pk", filter=waits), failed=Count("pk", filter=Q(state="failed"))
        ),
        "block_count": GroupBlock.objects.filter(source=name).count(),
        "decisions": entries.select_related("actor").order_by("-pk")[:_SHOWN] if decided.pk else (),
    }


def _source_or_404(name: str) -> type[Source]:
    source = all_sources().get(name)
    if source is None:
        raise Http404
    return source


def _private(response: TemplateResponse) -> TemplateResponse:
    response["Cache-Control"] = "private, no-store"
    return response
