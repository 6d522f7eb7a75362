"""Emails of the last days, for admins: which went, which wait, and what the server said."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.records import ReadOnlyAdmin
from accounts.emails import MAX_ATTEMPTS, NOTHING_TO_SEND, TOO_OFTEN, UNDER_WAY
from accounts.models import OutgoingEmail


class EmailState(admin.SimpleListFilter):
    """What became of it."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Sent, waiting, given up."""
        return [("sent", _("Sent")), ("waiting", _("Waiting")), ("given_up", _("Given up"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[OutgoingEmail]
    ) -> QuerySet[OutgoingEmail]:
        """Filter."""
        if self.value() == "sent":
            return queryset.filter(sent_at__isnull=False, error="")
        if self.value() == "waiting":
            return queryset.filter(sent_at=None, attempts__lt=MAX_ATTEMPTS)
        if self.value() == "given_up":
            return queryset.filter(sent_at=None, attempts__gte=MAX_ATTEMPTS)
        return queryset


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(ReadOnlyAdmin):
    """There is nothing secret here: links are made when an email is sent."""

    list_display = ("created_at", "kind", "address", "user", "attempts", "sent_at", "outcome")
    list_filter = (EmailState, "kind")
    list_select_related = ("user",)
    search_fields = ("address",)
    ordering = ("-pk",)  # the newest first, without sorting them all
    exclude = ("lease_token", "lease_until", "params")

    @admin.display(description=gettext_lazy("outcome"))
    def outcome(self, row: OutgoingEmail) -> str:
        """In words, or as the mail server put it."""
        words = {
            UNDER_WAY: _("is being sent"),
            TOO_OFTEN: _("not sent: too soon after the last one"),
            NOTHING_TO_SEND: _("not sent: nothing to say any more"),
        }
        return words.get(row.error, row.error)
