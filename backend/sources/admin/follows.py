"""What is taken from sources for which series: a list, and a page of each with its chapters."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from accounts.admin.records import OwnPageAdmin
from accounts.models import AuditEntry
from catalog.admin.decisions import current_user, decide_each
from common.http.errors import AppError
from common.http.renderers import plain_number
from reader.permissions import MODERATE
from sources.admin.sources import source_url
from sources.chapters.follows import retry_chapter, stop_follow
from sources.chapters.shown_states import (
    ShownState,
    can_be_retried,
    count_states,
    reason_sentence,
    shown_reason,
    with_shown_state,
)
from sources.models import SourceChapter, SourceFollow
from sources.registry import all_sources

_SHOWN = 20
_CHAPTERS_SHOWN = 200
_LABELS = dict(ShownState.choices)


def source_label(name: str) -> str:
    """Return what people call a source; its name where it is installed no more."""
    source = all_sources().get(name)
    return name if source is None else str(source.label)


@admin.register(SourceFollow)
class SourceFollowAdmin(OwnPageAdmin):
    """Shows what is taken, and lets moderators stop it."""

    page_template = "admin/sources/follow.html"
    list_display = ("series_words", "label", "goes_on", "checked_at", "trouble", "asked_by")
    list_filter = ("source", "is_following", "error_code")
    list_select_related = ("asked_by",)
    search_fields = ("series__name", "title", "=external_id")
    search_help_text = gettext_lazy("Series, title there, or its id there.")
    ordering = ("-pk",)
    actions = ("stop",)  # type: ignore[assignment] # the base has none

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Return True for moderators."""
        return request.user.has_perm(MODERATE)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[SourceFollow]":
        """Return the rows with their series, which SQLite would begin with in a join."""
        return super().get_queryset(request).prefetch_related("series")

    @admin.display(description=gettext_lazy("series"), ordering="series__name_order")
    def series_words(self, follow: SourceFollow) -> str:
        """Return the series; the HTML also holds the row's id, for scripts and tests."""
        return format_html('<span data-follow-id="{}">{}</span>', follow.pk, follow.series)

    @admin.display(description=gettext_lazy("source"), ordering="source")
    def label(self, follow: SourceFollow) -> str:
        """Return what people call the source."""
        return source_label(follow.source)

    @admin.display(description=pgettext_lazy("a follow", "goes on"), ordering="is_following")
    def goes_on(self, follow: SourceFollow) -> str:
        """Return whether chapters that appear later are taken."""
        return _("follows") if follow.is_following else _("once")

    @admin.display(description=gettext_lazy("error"), ordering="error_code", empty_value="")
    def trouble(self, follow: SourceFollow) -> str | None:
        """Return the last error in words."""
        return reason_sentence(follow.error_code) if follow.error_code else None

    @admin.action(description=gettext_lazy("Stop"), permissions=["moderate"])
    def stop(self, request: HttpRequest, queryset: "QuerySet[SourceFollow]") -> None:
        """Take no more of the chosen ones."""
        decide_each(
            request, queryset.select_related("series"),
            lambda follow: stop_follow(follow, user=current_user(request)),
            done=_("Stopped: %(count)d."),
        )  # fmt: skip

    def page_context(self, request: HttpRequest, row: SourceFollow) -> dict[str, Any]:
        """Return the facts of a follow and its newest chapters."""
        chapters = with_shown_state(SourceChapter.objects.filter(follow=row))
        shown = chapters.select_related("upload").prefetch_related("groups")
        counts = count_states([row.pk])[row.pk]
        entries = AuditEntry.objects.filter(subject_type="sourcefollow", subject_id=row.pk)
        return {
            "title": str(row.series),
            "opts": self.opts,
            "follow": row,
            "label": source_label(row.source),
            "source_url": source_url(row.source) if row.source in all_sources() else "",
            "trouble": reason_sentence(row.error_code) if row.error_code else "",
            "from_number": None if row.from_number is None else plain_number(row.from_number),
            "to_number": None if row.to_number is None else plain_number(row.to_number),
            "counts": [(_LABELS[state], count) for state, count in counts.items()],
            "chapters": [
                _chapter_row(chapter)
                for chapter in shown.order_by("-number", "-pk")[:_CHAPTERS_SHOWN]
            ],
            "left_out": max(0, sum(counts.values()) - _CHAPTERS_SHOWN),
            "decisions": entries.select_related("actor").order_by("-pk")[:_SHOWN],
            "may_decide": request.user.has_perm(MODERATE),
        }

    def get_urls(self) -> list[URLPattern]:
        """Add what can be done on a page."""
        admin_view = self.admin_site.admin_view
        return [
            path(
                "<int:pk>/stop/", admin_view(require_POST(stop)), name="sources_sourcefollow_stop"
            ),
            path(
                "<int:pk>/retry/<int:chapter>/",
                admin_view(require_POST(retry)),
                name="sources_sourcefollow_retry",
            ),
            *super().get_urls(),
        ]


def _chapter_row(chapter: Any) -> dict[str, Any]:
    return {
        "row": chapter,
        "number": None if chapter.number is None else plain_number(chapter.number),
        "state": chapter.shown,
        "label": _LABELS[chapter.shown],
        "reason": shown_reason(chapter)[1],
        "groups": ", ".join(group.name for group in chapter.groups.all()),
        "can_be_retried": can_be_retried(chapter),
    }


def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a follow, and show the list."""
    follow = _follow(request, pk)
    try:
        stop_follow(follow, user=current_user(request))
    except AppError as error:
        messages.warning(request, str(error.message))
        return HttpResponseRedirect(reverse("admin:sources_sourcefollow_change", args=[pk]))
    messages.success(request, _("Stopped: %(name)s") % {"name": follow})
    return HttpResponseRedirect(reverse("admin:sources_sourcefollow_changelist"))


def retry(request: HttpRequest, pk: int, chapter: int) -> HttpResponse:
    """Fetch a chapter anew, and show the follow again."""
    _follow(request, pk)
    rows = SourceChapter.objects.select_related("follow__series")
    row = get_object_or_404(rows, pk=chapter, follow=pk)
    try:
        retry_chapter(row, user=current_user(request))
        messages.success(request, _("It is being fetched anew."))
    except AppError as error:
        messages.warning(request, str(error.message))
    return HttpResponseRedirect(reverse("admin:sources_sourcefollow_change", args=[pk]))


def _follow(request: HttpRequest, pk: int) -> SourceFollow:
    if not request.user.has_perm(MODERATE):
        raise PermissionDenied
    return get_object_or_404(SourceFollow.objects.select_related("series"), pk=pk)
