"""The queue of cases, and the page of a case with its object, its reports and its decisions."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.admin.records import OwnPageAdmin, UndecidedFilter
from accounts.models import AuditEntry, User
from catalog.admin.decisions import current_user
from catalog.choices import READABLE_KINDS
from catalog.moderation import reject_title
from common.http.errors import AppError
from common.report_subjects import subject_kinds
from reader.admin.reasons import ready_reasons
from reader.publication.moderation import take_down_upload
from reader.publication.series import reject_series
from safety.admin.queue import ORDER, case_url, next_open_case, open_cases
from safety.admin.reported_content import reported_content_of
from safety.models import Case, CaseState
from safety.report_subjects import kind_word
from safety.reports import decide_case

_SHOWN = 20


class StateFilter(UndecidedFilter):
    """Shows open cases until another state is chosen."""

    undecided = CaseState.OPEN


class KindFilter(admin.SimpleListFilter):
    """Filters cases by kind: titles, chapters, pages, users."""

    title = gettext_lazy("kind of thing")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all kinds that are registered."""
        return [(name, kind_word(name)) for name in subject_kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Return the cases about the chosen kind."""
        return queryset.filter(subject_type=self.value()) if self.value() else queryset


@admin.register(Case)
class CaseAdmin(OwnPageAdmin):
    """Shows cases: one row for each reported object."""

    page_template = "admin/safety/case.html"
    list_display = ("about", "kind", "severity", "report_count", "age", "accused", "state_badge")
    list_filter = (StateFilter, KindFilter, "is_severe")
    list_select_related = ("accused",)
    search_fields = ("subject_label", "accused__username")
    ordering = ORDER

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["safety/safety.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        """Return the cases that the user may see, by `visible_to`."""
        return Case.objects.all().visible_to(current_user(request))

    # --- What is shown --------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("about"), ordering="subject_label")
    def about(self, case: Case) -> str:
        """Return the name of the reported object."""
        return format_html('<span data-case-id="{}">{}</span>', case.pk, case.shown_label)

    @admin.display(description=gettext_lazy("kind of thing"), ordering="subject_type")
    def kind(self, case: Case) -> str:
        """Return the translated name of the kind."""
        return kind_word(case.subject_type)

    @admin.display(description=gettext_lazy("severity"), ordering="is_severe")
    def severity(self, case: Case) -> str:
        """Return a badge for severe cases, and nothing for others."""
        if not case.is_severe:
            return ""
        return format_html('<span class="state state-banned">{}</span>', _("severe"))

    @admin.display(description=gettext_lazy("waits for"), ordering="created_at")
    def age(self, case: Case) -> str:
        """Return the time since the first report."""
        return timesince(case.created_at, depth=1)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, case: Case) -> str:
        """Return the state as a coloured badge."""
        return format_html(
            '<span class="state state-case-{}">{}</span>', case.state, case.get_state_display()
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list under a title of our own."""
        return super().changelist_view(
            request, {**(extra_context or {}), "title": _("What readers reported")}
        )

    def page_context(self, request: HttpRequest, row: Case) -> dict[str, Any]:
        """Return the facts of a case for its page."""
        return _case_context(request, row)

    # --- What is done ---------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add the queue and the decisions."""
        admin_view = self.admin_site.admin_view
        posts = {
            "dismiss": dismiss_case,
            "acted": close_case,
            "take-down": take_down_of_case,
            "reject-title": reject_title_of_case,
        }
        return [
            path("queue/", admin_view(open_first_case), name="safety_case_queue"),
            *(
                path(
                    f"<int:pk>/{address}/",
                    admin_view(require_POST(view)),
                    name=f"safety_case_{address.replace('-', '_')}",
                )
                for address, view in posts.items()
            ),
            *super().get_urls(),
        ]


def open_first_case(request: HttpRequest) -> HttpResponse:
    """Redirect to the most urgent case, or to the empty list if none is open."""
    if not request.user.has_perm("safety.decide_case"):
        raise PermissionDenied
    return HttpResponseRedirect(case_url(open_cases(current_user(request)).first()))


def dismiss_case(request: HttpRequest, pk: int) -> HttpResponse:
    """Dismiss a case: nothing is wrong with the reported object."""
    case = _case(request, pk)
    return _decide(request, case, CaseState.DISMISSED, _("Dismissed: %(case)s"))


def close_case(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a case for which something has been done."""
    case = _case(request, pk)
    return _decide(request, case, CaseState.ACTED, _("Closed: %(case)s"))


def take_down_of_case(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the reported chapter down, ban its pictures if asked to, and close the case."""
    case = _case(request, pk)
    thing = reported_content_of(case)
    upload, ban = thing.live_upload, thing.page_numbers if "ban" in request.POST else ()

    def act(reason: str) -> None:
        if upload is not None:
            take_down_upload(upload, moderator=current_user(request), reason=reason, ban=ban)

    return _act(request, case, act if upload else None, _("Taken down: %(case)s"))


def reject_title_of_case(request: HttpRequest, pk: int) -> HttpResponse:
    """Reject the reported title with all its chapters, and close the case."""
    case = _case(request, pk)
    title = reported_content_of(case).title

    def act(reason: str) -> None:
        if title is not None:
            reject = reject_series if title.kind in READABLE_KINDS else reject_title
            reject(title, moderator=current_user(request), reason=reason)

    return _act(request, case, act if title else None, _("Rejected: %(case)s"))


def _act(
    request: HttpRequest, case: Case, act: Callable[[str], None] | None, told: str
) -> HttpResponse:
    if act is None:
        messages.warning(request, _("There is nothing left to do this to."))
        return HttpResponseRedirect(case_url(case))
    try:
        act(request.POST.get("reason", ""))
    except AppError as error:
        messages.warning(request, str(error.message))
        return HttpResponseRedirect(case_url(case))
    return _decide(request, case, CaseState.ACTED, told)


def _decide(request: HttpRequest, case: Case, outcome: CaseState, told: str) -> HttpResponse:
    following = next_open_case(case, moderator=current_user(request))
    try:
        decide_case(
            case,
            moderator=current_user(request),
            outcome=outcome,
            answer=request.POST.get("answer", ""),
        )
        messages.success(request, told % {"case": case.shown_label})
    except AppError as error:
        messages.warning(request, str(error.message))
    return HttpResponseRedirect(case_url(following))


def _case(request: HttpRequest, pk: int) -> Case:
    if not request.user.has_perm("safety.decide_case"):
        raise PermissionDenied
    return get_object_or_404(Case.objects.all().visible_to(current_user(request)), pk=pk)


def _case_context(request: HttpRequest, case: Case) -> dict[str, Any]:
    following = next_open_case(case, moderator=current_user(request))
    entries = AuditEntry.objects.filter(subject_type="case", subject_id=case.pk)
    others = Case.objects.filter(subject_type=case.subject_type, subject_id=case.subject_id)
    others = others.visible_to(current_user(request)).exclude(pk=case.pk)
    return {
        "title": case.shown_label,
        "case": case,
        "kind": kind_word(case.subject_type),
        "thing": reported_content_of(case),
        "reports": case.reports.select_related("reporter").order_by("created_at", "pk")[:200],
        "others": others.select_related("decided_by").order_by("-pk")[:_SHOWN],
        "decisions": entries.select_related("actor").order_by("-pk")[:_SHOWN],
        "accused": case.accused,
        "reasons": ready_reasons(case.accused),
        "record": _record_of(case.accused) if case.accused else [],
        "is_about_viewer": case.accused_id == current_user(request).pk,
        "is_open": case.state == CaseState.OPEN,
        "may_decide": request.user.has_perm("safety.decide_case"),
        "next_url": case_url(following) if following else "",
        "is_nav_sidebar_enabled": False,
    }


def _record_of(accused: User) -> list[dict[str, Any]]:
    """Return counts about the accused user; each is a query, as joins would multiply rows."""
    strikes = accused.strikes.count()
    return [
        {"word": _("strikes"), "count": strikes, "is_bad": strikes > 0},
        {"word": _("warnings"), "count": accused.warnings.count()},
        {"word": _("cases"), "count": accused.cases_about.count()},
    ]
