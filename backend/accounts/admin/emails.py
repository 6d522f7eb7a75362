"""Shows admins the e-mails of the last days: which are sent, which wait, and which failed."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.records import ReadOnlyAdmin
from accounts.emails import MAX_ATTEMPTS, NOTHING_TO_SEND, TOO_OFTEN, UNDER_WAY
from accounts.models import OutgoingEmail


class EmailState(admin.SimpleListFilter):
    """Filters e-mails by what became of them."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the choices: sent, waiting, given up."""
        return [("sent", _("Sent")), ("waiting", _("Waiting")), ("given_up", _("Given up"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[OutgoingEmail]
    ) -> QuerySet[OutgoingEmail]:
        """Return the e-mails of the chosen state."""
        if self.value() == "sent":
            return queryset.filter(sent_at__isnull=False, error="")
        if self.value() == "waiting":
            return queryset.filter(sent_at=None, attempts__lt=MAX_ATTEMPTS)
        if self.value() == "given_up":
            return queryset.filter(sent_at=None, attempts__gte=MAX_ATTEMPTS)
        return queryset


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(ReadOnlyAdmin):
    """Shows e-mails; no row holds a secret, as links are made when an e-mail is sent."""

    list_display = ("created_at", "kind", "address", "user", "attempts", "sent_at", "outcome")
    list_filter = (EmailState, "kind")
    list_select_related = ("user",)
    search_fields = ("address",)
    ordering = ("-pk",)  # newest first, by the primary key's index
    exclude = ("lease_token", "lease_until", "params")

    @admin.display(description=gettext_lazy("outcome"))
    def outcome(self, row: OutgoingEmail) -> str:
        """Return the outcome in words, or the answer of the mail server."""
        words = {
            UNDER_WAY: _("is being sent"),
            TOO_OFTEN: _("not sent: too soon after the last one"),
            NOTHING_TO_SEND: _("not sent: nothing to say any more"),
        }
        return words.get(row.error, row.error)
