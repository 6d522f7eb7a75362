"""Jobs of all users, for admins: how far they are, and buttons that stop or undo one."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.admin.records import OwnPageAdmin
from accounts.jobs import STOP_ANY, stop_job_of, undo_job_of
from accounts.models import User
from common.http.errors import AppError
from common.models import Job
from common.work.jobs import KINDS, can_undo


class KindFilter(admin.SimpleListFilter):
    """Filters jobs by kind."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all kinds with their translated names."""
        return [(name, str(kind.label)) for name, kind in sorted(KINDS.items())]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the jobs of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(OwnPageAdmin):
    """Shows jobs; they are started by what users do."""

    page_template = "admin/site/job.html"
    list_display = ("created_at", "what", "who", "state_badge", "progress", "undone_at")
    list_filter = (KindFilter, "state", "created_at")
    list_select_related = ("owner",)
    search_fields = ("owner__username",)
    ordering = ("-pk",)  # newest first, by the primary key's index

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return True for users who may stop jobs of others."""
        return request.user.has_perm(STOP_ANY)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def what(self, job: Job) -> str:
        """Return the name of the kind."""
        return _what(job)

    @admin.display(description=gettext_lazy("by"), ordering="owner")
    def who(self, job: Job) -> str:
        """Return the name of the owner, or words for a deleted user."""
        return str(job.owner) if job.owner is not None else _("somebody who left")

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, job: Job) -> str:
        """Return the state as a coloured badge."""
        return format_html('<span class="state">{}</span>', job.get_state_display())

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> str:
        """Return how many of its items are done."""
        return f"{job.done} / {job.total}"

    def page_context(self, request: HttpRequest, row: Job) -> dict[str, Any]:
        """Return the facts of a job, and what can be done about it."""
        return {
            "title": _what(row),
            "opts": Job._meta,
            "job": row,
            "items": row.items.exclude(outcome="done").order_by("position")[:20],
            "can_undo": can_undo(row),
            "is_nav_sidebar_enabled": False,
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the buttons."""
        admin_view = self.admin_site.admin_view
        return [
            path("<int:pk>/stop/", admin_view(require_POST(stop)), name="common_job_stop"),
            path("<int:pk>/undo/", admin_view(require_POST(undo)), name="common_job_undo"),
            *super().get_urls(),
        ]


def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a job, and go back to its page."""
    return _act(request, pk, stop_job_of, _("It stops."))


def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a job, and go back to its page."""
    return _act(request, pk, undo_job_of, _("It is undone, or will be soon."))


def _act(request: HttpRequest, pk: int, story: Callable[..., None], told: str) -> HttpResponse:
    if not request.user.has_perm(STOP_ANY):
        raise PermissionDenied
    job = get_object_or_404(Job, pk=pk)
    try:
        story(job, user=cast(User, request.user))
        messages.success(request, told)
    except AppError as error:
        messages.warning(request, str(error.message))
    return HttpResponseRedirect(reverse("admin:common_job_change", args=[pk]))


def _what(job: Job) -> str:
    return str(KINDS[job.kind].label) if job.kind in KINDS else job.kind
