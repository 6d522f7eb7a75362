"""Deletions of all uploads of a user: their list, and a page where one can be undone.

They have a list of their own because they are kept when the user's account is deleted.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.admin.records import OwnPageAdmin
from accounts.models import User
from catalog.admin.decisions import current_user
from safety.admin.acts import may_act_on, person_url, undo_deletion
from safety.mass_deletion import PERMISSION
from safety.models import MassDeletion


class UndoFilter(admin.SimpleListFilter):
    """Filters deletions by whether they can be undone."""

    title = gettext_lazy("undo")
    parameter_name = "undo"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices, of which each deletion has exactly one."""
        return [
            ("open", _("Can be undone")),
            ("done", _("Undone")),
            ("over", _("Its time is over")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[MassDeletion]
    ) -> QuerySet[MassDeletion]:
        """Return the deletions of the chosen state."""
        is_undone, is_over = Q(undone_at__isnull=False), Q(undo_until__lte=timezone.now())
        wanted = {
            "open": ~is_undone & ~is_over,
            "done": is_undone,
            "over": ~is_undone & is_over,
        }.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(wanted)


@admin.register(MassDeletion)
class MassDeletionAdmin(OwnPageAdmin):
    """Shows all such deletions, also those of users who have left since."""

    page_template = "admin/safety/deletion.html"
    list_display = ("created_at", "whose", "by", "upload_count", "undone")
    list_filter = (UndoFilter, "created_at")
    list_select_related = ("about", "owner", "undone_by")
    search_fields = ("about__username", "owner__username", "reason")
    ordering = ("-created_at", "-pk")

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["safety/safety.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return True for users who may delete all uploads of a user."""
        return request.user.has_perm(PERMISSION)

    @admin.display(description=gettext_lazy("whose"), ordering="about")
    def whose(self, deletion: MassDeletion) -> str:
        """Return the name of the uploader, or words for a deleted user."""
        return _name(deletion.about)

    @admin.display(description=gettext_lazy("by"), ordering="owner")
    def by(self, deletion: MassDeletion) -> str:
        """Return the name of the moderator."""
        return _name(deletion.owner)

    @admin.display(description=gettext_lazy("uploads"), ordering="total")
    def upload_count(self, deletion: MassDeletion) -> int:
        """Return how many uploads it deleted."""
        return deletion.total

    @admin.display(description=gettext_lazy("undone"), ordering="undone_at")
    def undone(self, deletion: MassDeletion) -> str:
        """Return who has undone the deletion, or until when that is possible."""
        if deletion.undone_at is not None:
            return _name(deletion.undone_by)
        if not deletion.can_be_undone:
            return _("Its time is over")
        return _("until %(until)s") % {"until": f"{deletion.undo_until:%Y-%m-%d}"}

    def page_context(self, request: HttpRequest, row: MassDeletion) -> dict[str, Any]:
        """Return the facts of a deletion, and whether this moderator may undo it."""
        may_undo = row.can_be_undone
        if row.about is not None:
            may_undo = may_undo and may_act_on(row.about, moderator=current_user(request))
        return {
            "title": _("All uploads of %(name)s") % {"name": _name(row.about)},
            "deletion": row,
            "person_url": person_url(row.about.pk) if row.about is not None else "",
            "may_undo": may_undo,
            "is_nav_sidebar_enabled": False,
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the address that undoes a deletion."""
        admin_view = self.admin_site.admin_view
        return [
            path(
                "<int:pk>/undo/",
                admin_view(require_POST(undo_deletion)),
                name="safety_massdeletion_undo",
            ),
            *super().get_urls(),
        ]


def _name(who: User | None) -> str:
    return str(who) if who is not None else _("somebody who left")
