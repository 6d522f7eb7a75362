"""Requests for the role of uploader: their list, and a page for deciding each in turn."""

from collections.abc import Callable
from typing import Any, cast

from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.admin.records import OwnPageAdmin, UndecidedFilter
from accounts.models import AuditEntry, RequestState, UploaderRequest, User
from accounts.roles.uploader_requests import grant_request, refuse_request, waiting_requests
from common.http.errors import AppError

_SHOWN = 20


class StateFilter(UndecidedFilter):
    """Shows waiting requests until another state is chosen."""

    undecided = RequestState.WAITING


@admin.register(UploaderRequest)
class UploaderRequestAdmin(OwnPageAdmin):
    """Shows requests for the role of uploader, which moderators grant or refuse."""

    page_template = "admin/site/uploader_request.html"
    list_display = ("who", "words", "state_badge", "created_at", "decided_by")
    list_filter = (StateFilter,)
    list_select_related = ("user", "decided_by")
    search_fields = ("user__username", "text")
    search_help_text = gettext_lazy("User name, or words of the request.")
    ordering = ("created_at", "pk")

    @admin.display(description=gettext_lazy("user"), ordering="user__username_order")
    def who(self, asked: UploaderRequest) -> str:
        """Return the user's name; the HTML also holds the row's id, for scripts and tests."""
        return format_html('<span data-request-id="{}">{}</span>', asked.pk, asked.user)

    @admin.display(description=gettext_lazy("why"))
    def words(self, asked: UploaderRequest) -> str:
        """Return the beginning of the text."""
        return str(Truncator(asked.text).chars(120))

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, asked: UploaderRequest) -> str:
        """Return the state as a coloured badge."""
        return format_html(
            '<span class="state state-request-{}">{}</span>', asked.state, asked.get_state_display()
        )

    def page_context(self, request: HttpRequest, row: UploaderRequest) -> dict[str, Any]:
        """Return the facts of a request for its page."""
        return _request_context(request, row)

    def get_urls(self) -> list[URLPattern]:
        """Add the queue and the decisions."""
        admin_view = self.admin_site.admin_view
        return [
            path("queue/", admin_view(open_first_request), name="accounts_uploaderrequest_queue"),
            path(
                "<int:pk>/decide/",
                admin_view(require_POST(decide_request)),
                name="accounts_uploaderrequest_decide",
            ),
            *super().get_urls(),
        ]


def open_first_request(request: HttpRequest) -> HttpResponse:
    """Redirect to the request that has waited longest, or to the list if none waits."""
    if not request.user.has_perm("accounts.grant_uploader"):
        raise PermissionDenied
    return HttpResponseRedirect(_address(waiting_requests().first()))


def decide_request(request: HttpRequest, pk: int) -> HttpResponse:
    """Grant or refuse a request, as the button says, and go on to the next one."""
    if not request.user.has_perm("accounts.grant_uploader"):
        raise PermissionDenied
    asked = get_object_or_404(UploaderRequest.objects.select_related("user"), pk=pk)
    following = waiting_requests().exclude(pk=pk).first()
    decisions: dict[str, tuple[Callable[..., None], str]] = {
        "grant": (grant_request, _("%(name)s may upload now.")),
        "refuse": (refuse_request, _("Refused: %(name)s.")),
    }
    decide, told = decisions.get(request.POST.get("decision", ""), (None, ""))
    if decide is None:
        return HttpResponseRedirect(_address(asked))
    try:
        decide(asked, moderator=cast(User, request.user), answer=request.POST.get("answer", ""))
    except AppError as error:
        messages.warning(request, str(error.message))
        return HttpResponseRedirect(_address(asked))
    messages.success(request, told % {"name": asked.user})
    return HttpResponseRedirect(_address(following))


def _address(asked: UploaderRequest | None) -> str:
    if asked is None:
        return reverse("admin:accounts_uploaderrequest_changelist")
    return reverse("admin:accounts_uploaderrequest_change", args=[asked.pk])


def _request_context(request: HttpRequest, asked: UploaderRequest) -> dict[str, Any]:
    user = asked.user
    entries = AuditEntry.objects.filter(subject_type="user", subject_id=user.pk)
    return {
        "title": _("%(name)s asks to upload") % {"name": user},
        "opts": UploaderRequest._meta,
        "asked": asked,
        "who": user,
        "is_confirmed": EmailAddress.objects.filter(user=user, verified=True).exists(),
        "strike_count": user.strikes.count(),
        "others": user.uploader_requests.exclude(pk=asked.pk).order_by("-pk")[:_SHOWN],
        "decisions": entries.select_related("actor").order_by("-pk")[:_SHOWN],
        "may_decide": request.user.has_perm("accounts.grant_uploader")
        and asked.state == RequestState.WAITING,
        "left": waiting_requests().exclude(pk=asked.pk).count(),
    }
