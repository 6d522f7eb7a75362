"""Jobs in the admin: how far they are, and buttons that stop or undo one.

All who may enter see their own; admins see those of all users.
"""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.admin.records import OwnPageAdmin
from accounts.jobs import STOP_ANY, stop_job_of, undo_job_of, visible_jobs
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

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return True for all who may enter: they have jobs of their own."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return True for one's own jobs, and for users who may stop those of others."""
        return obj is None or obj.owner_id == request.user.pk or request.user.has_perm(STOP_ANY)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Return the jobs that the user may see."""
        return visible_jobs(cast(User, request.user))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the newest first, by an index of its own where the jobs are one user's."""
        return ("-pk",) if request.user.has_perm(STOP_ANY) else ("-created_at", "-pk")

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
    user = cast(User, request.user)
    job = visible_jobs(user).filter(pk=pk).first()
    if job is None:
        raise PermissionDenied
    try:
        story(job, user=user)
        messages.success(request, told)
    except AppError as error:
        messages.warning(request, str(error.message))
    return HttpResponseRedirect(reverse("admin:common_job_change", args=[pk]))


def _what(job: Job) -> str:
    return str(KINDS[job.kind].label) if job.kind in KINDS else job.kind
