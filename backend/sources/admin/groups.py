"""Groups of translators that do not want to be shown: they are blocked, which can be undone."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.records import ReadOnlyAdmin
from catalog.admin.decisions import current_user, decide_each
from common.http.errors import AppError
from reader.permissions import MODERATE
from sources.admin.follows import source_label
from sources.chapters.groups import block_group, count_uploads_of_group, unblock_group
from sources.contract import Can
from sources.models import GroupBlock
from sources.registry import all_sources


class BlockForm(forms.Form):
    """Which group of which source, and why."""

    source = forms.ChoiceField(label=gettext_lazy("Source"))
    external_id = forms.CharField(
        label=gettext_lazy("Id there"), max_length=100, required=False,
        help_text=gettext_lazy("The safest: names change. It is in the address of its page there."),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=2000, widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Such as who asked, and where."),
    )  # fmt: skip

    def __init__(self, *sent: Any, **options: Any) -> None:
        super().__init__(*sent, **options)
        choices = [
            (name, source.label)
            for name, source in all_sources().items()
            if Can.CHAPTERS in source.can
        ]
        self.fields["source"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a group that is not named."""
        words = super().clean() or {}
        if not (words.get("external_id") or words.get("name")):
            self.add_error("external_id", _("Name the group, or its id there."))
        return words


@admin.register(GroupBlock)
class GroupBlockAdmin(ReadOnlyAdmin):
    """Shows the blocked groups, and blocks and unblocks them."""

    list_display = ("words", "label", "reason", "taken_down", "blocked_by", "created_at")
    list_display_links = None
    list_filter = ("source",)
    list_select_related = ("blocked_by",)
    search_fields = ("name", "=external_id", "reason")
    search_help_text = gettext_lazy("The name of the group, its id there, or a reason.")
    ordering = ("-created_at", "-pk")
    actions = ("unblock",)  # type: ignore[assignment] # the base has none

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return True for moderators."""
        return request.user.has_perm(MODERATE)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Return True for moderators."""
        return request.user.has_perm(MODERATE)

    @admin.display(description=gettext_lazy("group"), ordering="name_folded")
    def words(self, block: GroupBlock) -> str:
        """Return what the source calls it; the HTML also holds the row's id."""
        return format_html(
            '<span data-block-id="{}">{} <code>{}</code></span>',
            block.pk, block.name, block.external_id,
        )  # fmt: skip

    @admin.display(description=gettext_lazy("source"), ordering="source")
    def label(self, block: GroupBlock) -> str:
        """Return what people call the source."""
        return source_label(block.source)

    @admin.action(
        description=gettext_lazy("Unblock, and restore what was taken down"),
        permissions=["moderate"],
    )
    def unblock(self, request: HttpRequest, queryset: "QuerySet[GroupBlock]") -> None:
        """Undo the chosen ones."""
        decide_each(
            request, queryset,
            # Not what it returns: nothing restored is no failure.
            lambda block: [unblock_group(block, moderator=current_user(request))],
            done=_("Groups unblocked: %(count)d."),
        )  # fmt: skip

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Ask which group, tell what it would concern, and block it when this was confirmed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BlockForm(request.POST if request.method == "POST" else None)
        found = None
        if form.is_bound and form.is_valid():
            words = form.cleaned_data
            named = {"external_id": words["external_id"].strip(), "name": words["name"]}
            if "confirmed" in request.POST:
                try:
                    block = block_group(
                        words["source"], **named, reason=words["reason"],
                        moderator=current_user(request),
                    )  # fmt: skip
                except AppError as error:
                    messages.warning(request, str(error.message))
                else:
                    messages.success(
                        request, _("Chapters taken down: %(count)d.") % {"count": block.taken_down}
                    )
                    return HttpResponseRedirect(reverse("admin:sources_groupblock_changelist"))
            found = count_uploads_of_group(words["source"], **named)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts,
            "title": _("Block a group"), "form": form, "found": found,
        }  # fmt: skip
        return TemplateResponse(request, "admin/sources/block.html", context)
