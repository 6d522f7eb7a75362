"""Accounts at AniList: how many stand how, what waits, and the budget. Nobody's list is shown."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from accounts.admin.records import ReadOnlyAdmin
from sources.answers.status import budget_of
from sources.plugins.anilist import AniList
from tracker.anilist.client import redirect_uri
from tracker.anilist.connecting import is_on
from tracker.choices import AniListState
from tracker.models import AniListAccount, AniListEntry


@admin.register(AniListAccount)
class AniListAccountAdmin(ReadOnlyAdmin):
    """Shows accounts by what an operator has to know of them."""

    list_display = (
        "user", "state", "is_paused", "pulled_at", "failures", "error_code", "token_expires_at",
    )  # fmt: skip
    list_filter = ("state", "is_paused")
    list_select_related = ("user",)
    ordering = ("-user",)
    fields = (
        *("user", "state", "is_paused", "connected_at", "token_expires_at", "pulled_at"),
        *("failures", "error_code"),
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Put what all accounts add up to above their list."""
        return super().changelist_view(request, {**(extra_context or {}), **_facts()})


def _facts() -> dict[str, Any]:
    by_state = dict(
        AniListAccount.objects.order_by().values_list("state").annotate(count=Count("pk"))
    )
    waiting = AniListEntry.objects.filter(waiting_since__isnull=False)
    return {
        "is_on": is_on(),
        "redirect_uri": redirect_uri(),
        "states": [(state.label, by_state.get(state.value, 0)) for state in AniListState],
        "waiting_count": waiting.count(),
        "refused_count": AniListEntry.objects.exclude(refusal_code="").count(),
        "budgets": budget_of(AniList.name),
    }
