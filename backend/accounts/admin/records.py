"""Pages of the admin that only show rows: the audit log, strikes, and base classes of others."""

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
    """Return True for a lookup that a filter of the page offers.

    Django accepts a lookup of any column in the address. Without this check a moderator could find
    out hidden values, such as a password's hash, letter by letter.
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
    """Shows rows that can be neither added, changed nor deleted here, not even by an admin."""

    actions = None
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only what `offers_filter` allows."""
        is_offered = offers_filter(self, request, lookup)
        return is_offered and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False for all users."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False for all users."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False for all users."""
        return False


class OwnPageAdmin(ReadOnlyAdmin):
    """Shows each row on a page with a template of our own, where it can be decided about."""

    page_template: ClassVar[str]

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return the context of the template for a row."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page; Django answers where the row is missing or hidden from this user."""
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
    """Filters by state, and shows only undecided rows until another state is chosen."""

    title = gettext_lazy("state")
    parameter_name = "state"
    undecided: ClassVar[TextChoices]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the decided states, and a choice that shows all rows."""
        decided = [state for state in type(self.undecided) if state != self.undecided]
        return [*((state.value, str(state.label)) for state in decided), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        """Name the first choice, which Django calls "All", after the undecided state."""
        unasked, *others = super().choices(changelist)
        return [{**unasked, "display": self.undecided.label}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the chosen state."""
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value() or self.undecided)


class ActionFilter(admin.SimpleListFilter):
    """Filters the audit log by action."""

    title = gettext_lazy("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all actions, sorted by their translated names."""
        return sorted(((key, str(words)) for key, words in ACTIONS.items()), key=lambda row: row[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the entries of the chosen action."""
        return queryset.filter(action=self.value()) if self.value() else queryset


class SubjectFilter(admin.SimpleListFilter):
    """Filters the audit log by the kind of object that an action was about."""

    title = gettext_lazy("kind of thing")
    parameter_name = "subject_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all kinds with their translated names."""
        return [(key, capfirst(str(words))) for key, words in SUBJECTS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the entries about the chosen kind."""
        return queryset.filter(subject_type=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Shows the audit log."""

    list_display = ("subject", "what", "way", "actor", "why", "moment")
    list_filter = (ActionFilter, SubjectFilter, "created_at")
    list_select_related = ("actor",)
    search_fields = ("actor__username", "subject_label", "reason")
    ordering = ("-pk",)  # newest first, by the primary key's index
    date_hierarchy = None
    fields = ("moment", "actor", "what", "subject", "way", "why")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("about"))
    def subject(self, entry: AuditEntry) -> str:
        """Return the kind and the name of the object that the action was about."""
        return f"{subject_words(entry.subject_type)} {entry.subject_label or entry.subject_id}"

    @admin.display(description=gettext_lazy("action"))
    def what(self, entry: AuditEntry) -> str:
        """Return the translated name of the action."""
        return action_words(entry.action)

    @admin.display(description=gettext_lazy("state"), empty_value="")
    def way(self, entry: AuditEntry) -> str | None:
        """Return the state before and the state after the action."""
        if not (entry.from_state or entry.to_state):
            return None
        return f"{state_words(entry.from_state)} → {state_words(entry.to_state)}"

    @admin.display(description=gettext_lazy("reason"), empty_value="")
    def why(self, entry: AuditEntry) -> str | None:
        """Return the reason that was given."""
        return entry.reason or None

    @admin.display(description=gettext_lazy("when"), ordering="pk")
    def moment(self, entry: AuditEntry) -> datetime:
        """Return when the action was done."""
        return entry.created_at


@admin.register(Strike)
class StrikeAdmin(ReadOnlyAdmin):
    """Shows strikes: for malicious uploads, or given by a moderator."""

    list_display = ("user", "what", "subject", "created_at", "lifted_at")
    list_filter = ("created_at",)
    list_select_related = ("user",)
    search_fields = ("user__username", "code", "subject")
    ordering = ("-pk",)  # newest first, by the primary key's index
    fields = ("user", "what", "subject", "reason", "created_at", "lifted_at")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("reason"))
    def what(self, strike: Strike) -> str:
        """Return what was found in the upload, or that a moderator gave the strike."""
        return strike_words(strike.code)
