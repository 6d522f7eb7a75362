"""What is only read: the log of decisions and strikes, and the bases of pages that only show."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, QuerySet, TextChoices
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit_words import (
    ACTIONS,
    SUBJECTS,
    action_words,
    state_words,
    strike_words,
    subject_words,
)
from accounts.models import AuditEntry, Strike
from common.counting import BoundedPaginator
from common.typed_admin import ModelAdmin


def offers_filter(page: "admin.ModelAdmin[Any]", request: HttpRequest, lookup: str) -> bool:
    """Tell whether a filter of the page asks for this, and not somebody who typed the address.

    Django takes any column there: what is hidden, a password's hash too, could be asked for letter
    by letter.
    """
    column = lookup.partition(LOOKUP_SEP)[0]
    try:
        page.opts.get_field(column)
    except FieldDoesNotExist:
        return True
    return column in {_column_of(entry) for entry in page.get_list_filter(request)}


def _column_of(entry: Any) -> str:
    if isinstance(entry, type):
        return str(getattr(entry, "parameter_name", ""))
    return str(entry if isinstance(entry, str) else entry[0])


class ReadOnlyAdmin(ModelAdmin[Any]):
    """Rows that nobody writes, changes or deletes here, not even an admin."""

    actions = None
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """See offers_filter."""
        is_offered = offers_filter(self, request, lookup)
        return is_offered and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


class OwnPageAdmin(ReadOnlyAdmin):
    """Rows that each have a page of our own, from which something is decided about them."""

    page_template: ClassVar[str]

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return what the page shows of a row."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page; what is not there, or not for them, is Django's to tell."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            return super().change_view(request, object_id, form_url, extra_context)
        response = TemplateResponse(
            request,
            self.page_template,
            {**self.admin_site.each_context(request), **self.page_context(request, row)},
        )
        response["Cache-Control"] = "private, no-store"
        return response


class UndecidedFilter(admin.SimpleListFilter):
    """What waits for a decision, unless something else is asked for."""

    title = gettext_lazy("state")
    parameter_name = "state"
    undecided: ClassVar[TextChoices]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All states, and all."""
        decided = [state for state in type(self.undecided) if state != self.undecided]
        return [*((state.value, str(state.label)) for state in decided), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        """Call what is shown unasked by its name."""
        unasked, *others = super().choices(changelist)
        return [{**unasked, "display": self.undecided.label}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter."""
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value() or self.undecided)


class ActionFilter(admin.SimpleListFilter):
    """What was done, in words."""

    title = gettext_lazy("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every action there is, by its words."""
        return sorted(((key, str(words)) for key, words in ACTIONS.items()), key=lambda row: row[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter."""
        return queryset.filter(action=self.value()) if self.value() else queryset


class SubjectFilter(admin.SimpleListFilter):
    """What kind of thing it was done to, in words."""

    title = gettext_lazy("kind of thing")
    parameter_name = "subject_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every kind, by its words."""
        return [(key, capfirst(str(words))) for key, words in SUBJECTS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter."""
        return queryset.filter(subject_type=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what to what, and why."""

    list_display = ("subject", "what", "way", "actor", "why", "moment")
    list_filter = (ActionFilter, SubjectFilter, "created_at")
    list_select_related = ("actor",)
    search_fields = ("actor__username", "subject_label", "reason")
    ordering = ("-pk",)  # the newest first, without sorting them all
    date_hierarchy = None
    fields = ("moment", "actor", "what", "subject", "way", "why")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("about"))
    def subject(self, entry: AuditEntry) -> str:
        """What it was about."""
        return f"{subject_words(entry.subject_type)} {entry.subject_label or entry.subject_id}"

    @admin.display(description=gettext_lazy("action"))
    def what(self, entry: AuditEntry) -> str:
        """What was done."""
        return action_words(entry.action)

    @admin.display(description=gettext_lazy("state"), empty_value="")
    def way(self, entry: AuditEntry) -> str | None:
        """From which state to which."""
        if not (entry.from_state or entry.to_state):
            return None
        return f"{state_words(entry.from_state)} → {state_words(entry.to_state)}"

    @admin.display(description=gettext_lazy("reason"), empty_value="")
    def why(self, entry: AuditEntry) -> str | None:
        """Why."""
        return entry.reason or None

    @admin.display(description=gettext_lazy("when"), ordering="pk")
    def moment(self, entry: AuditEntry) -> datetime:
        """When."""
        return entry.created_at


@admin.register(Strike)
class StrikeAdmin(ReadOnlyAdmin):
    """Uploads that were meant to do harm."""

    list_display = ("user", "what", "subject", "created_at", "lifted_at")
    list_filter = ("created_at",)
    list_select_related = ("user",)
    search_fields = ("user__username", "code", "subject")
    ordering = ("-pk",)  # the newest first, without sorting them all
    fields = ("user", "what", "subject", "reason", "created_at", "lifted_at")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("reason"))
    def what(self, strike: Strike) -> str:
        """What was found, or that a moderator gave it."""
        return strike_words(strike.code)
