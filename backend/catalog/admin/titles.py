"""What the admin pages of all titles share.

Their kinds have pages of their own: `catalog.admin.watched`, and series in `reader.admin`.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.contenttypes.admin import GenericTabularInline
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import AuditEntry
from catalog.admin.batches import change_chosen, delete_chosen, tell_job
from catalog.admin.decisions import ask_reason, current_user, decide_each
from catalog.admin.languages import LanguageMapField, with_other_languages
from catalog.choices import Moderation
from catalog.cover_drafts import shown_draft
from catalog.covers import remove_cover, set_cover
from catalog.merging import merge_titles
from catalog.models import Alias, Credit, Title
from catalog.moderation import (
    approve_title,
    delete_title,
    readdress_title,
    record_title_edit,
    reject_title,
    unpublish_title,
)
from catalog.search import search_titles
from common.files.media import media_url
from common.http.errors import AppError
from common.typed_admin import ModelAdmin

HISTORY_SHOWN = 20


class AliasInline(GenericTabularInline):
    """Edits other names."""

    model = Alias
    extra = 0
    verbose_name_plural = gettext_lazy("Other names")


class CreditForm(forms.ModelForm[Credit]):
    def clean_position(self) -> int:
        """Take an empty place for the first one."""
        return self.cleaned_data["position"] or 0


class CreditInline(admin.TabularInline[Credit, Title]):
    """Edits the credits of a title, in their order."""

    model = Credit
    form = CreditForm
    extra = 0
    fields = ("person", "role", "part", "position")
    ordering = ("position", "pk")
    autocomplete_fields = ("person",)
    verbose_name_plural = gettext_lazy("People")


class TitleForm(forms.ModelForm[Title]):
    """Edits the facts of a title; its moderation state is changed by buttons."""

    synopsis = LanguageMapField(is_long=True, required=False, label=gettext_lazy("Synopsis"))

    site_url = forms.URLField(
        label=gettext_lazy("Site"), max_length=500, required=False, assume_scheme="https"
    )

    def clean_synopsis(self) -> dict[str, str]:
        """Keep the languages that have no field in the form."""
        return with_other_languages(self.cleaned_data["synopsis"], self.instance.synopsis)


class TitleAdmin(ModelAdmin[Title]):
    """Edits and decides about titles; the pages of their kinds add to it."""

    form = TitleForm
    change_form_template = "admin/site/title_form.html"
    list_display: Any = (
        "cover_small",
        "name",
        "kind",
        "status",
        "moderation",
        "year",
        "created_at",
    )
    list_display_links = ("name",)
    list_filter: ClassVar[Any] = ("moderation", "kind", "status", "content_rating", "categories")
    list_per_page = 50
    list_select_related = ("cover__original", "cover__small")
    ordering: ClassVar[Any] = ("-pk",)  # newest first, by the primary key's index
    search_fields = ("name",)  # turns searching on; `get_search_results` does it
    search_help_text = gettext_lazy("Any of its names or its people, also with typing errors.")
    show_full_result_count = False
    save_on_top = False
    autocomplete_fields = ("categories", "tags")
    readonly_fields = ("moderation", "slug", "created_by", "created_at", "approved_at")
    inlines = (AliasInline, CreditInline)
    actions = ("publish", "unpublish", "reject", "change_many", "merge", "delete_many")
    fieldsets = (
        (None, {"fields": ("kind", "name", "original_name", "synopsis")}),
        (
            gettext_lazy("Facts"),
            {
                "fields": (
                    ("status", "content_rating"),
                    ("year", "original_language", "direction"),
                    "categories",
                    "tags",
                )
            },
        ),
        (
            gettext_lazy("Elsewhere"),
            {
                "classes": ("collapse",),
                "fields": ("site_url", "format", ("anilist_id", "mal_id", "mangadex_id")),
            },
        ),
        (
            gettext_lazy("Its state"),
            {
                "classes": ("collapse",),
                "fields": ("moderation", "slug", "created_by", "created_at", "approved_at"),
            },
        ),
    )

    # --- Who sees what --------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Title]:
        """Return all titles for moderators, and for others those that they made.

        Pickers offer others every title that they may read.
        """
        titles = super().get_queryset(request)
        if request.user.has_perm("catalog.moderate_title"):
            return titles
        if request.path == reverse("admin:autocomplete"):
            return Title.objects.all().visible_to(current_user(request)).order_by(*self.ordering)
        return titles.filter(created_by=request.user.pk)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Title], search_term: str
    ) -> tuple[QuerySet[Title], bool]:
        """Search as readers do, among the titles that this user sees here."""
        if not search_term.strip():
            return queryset, False
        found = search_titles(search_term, among=self.get_queryset(request))
        return queryset.filter(pk__in=found), False

    # --- What is shown --------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("cover"))
    def cover_small(self, title: Title) -> str:
        """Return a thumbnail of the cover."""
        cover = getattr(title, "cover", None)
        if cover is None:
            return format_html('<span class="{}" aria-hidden="true"></span>', "no-cover")
        return format_html(
            '<img class="cover-small" src="{}" alt="" width="40" height="60" loading="lazy">',
            media_url((cover.small or cover.original).name),
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add the cover of the title and the decisions about it."""
        title = self.get_object(request, object_id)
        context = {**(extra_context or {})}
        if title is not None:
            context |= self.page_context(request, title)
        return super().change_view(request, object_id, form_url, context)

    def page_context(self, request: HttpRequest, title: Title) -> dict[str, Any]:
        """Return what the page shows beside the form."""
        entries = AuditEntry.objects.filter(subject_type="title", subject_id=title.pk)
        return {
            "shown_cover": shown_cover(title),
            "set_cover_url": reverse(f"admin:{self._address('cover')}", args=[title.pk]),
            "decisions": entries.select_related("actor").order_by("-pk")[:HISTORY_SHOWN],
            "may_decide": request.user.has_perm("catalog.moderate_title"),
            "is_public": title.moderation == Moderation.APPROVED,
            "is_pending": title.moderation == Moderation.PENDING,
            "decide_url": reverse(f"admin:{self._address('decide')}", args=[title.pk]),
        }

    def get_readonly_fields(self, request: HttpRequest, obj: Title | None = None) -> Any:
        """Leave out the state of a new title, which has none yet."""
        return self.readonly_fields if obj is not None else ()

    def get_fieldsets(self, request: HttpRequest, obj: Title | None = None) -> Any:
        """Leave out the state of a new title, which has none yet."""
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj is not None else fieldsets[:-1]

    # --- Saving ---------------------------------------------------------------------------------

    def save_model(
        self, request: HttpRequest, obj: Title, form: forms.ModelForm[Title], change: bool
    ) -> None:
        """Store who made a new title."""
        if not change:
            obj.created_by = current_user(request)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the related rows, then log the change and update search and lists."""
        super().save_related(request, form, formsets, change)
        changed = list(form.changed_data)
        changed += [
            str(formset.model._meta.model_name) for formset in formsets if formset.has_changed()
        ]
        record_title_edit(
            form.instance, editor=current_user(request), changed=changed, is_new=not change
        )

    def delete_model(self, request: HttpRequest, obj: Title) -> None:
        """Delete a title by `delete_title`."""
        delete_title(obj, moderator=current_user(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        """Delete the chosen titles by `delete_title`, one by one."""
        for title in queryset:
            delete_title(title, moderator=current_user(request))

    # --- Decisions ------------------------------------------------------------------------------

    def approve(self, title: Title, request: HttpRequest) -> None:
        """Publish the title by the story of its kind."""
        approve_title(title, moderator=current_user(request))

    def take_back(self, title: Title, request: HttpRequest) -> None:
        """Hide the title by the story of its kind."""
        unpublish_title(title, moderator=current_user(request))

    def refuse(self, title: Title, request: HttpRequest, reason: str) -> None:
        """Reject the title by the story of its kind."""
        reject_title(title, moderator=current_user(request), reason=reason)

    @admin.action(description=gettext_lazy("Publish"), permissions=["moderate"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        """Approve the chosen titles."""
        decide_each(
            request, queryset, lambda title: self.approve(title, request),
            done=_("Published: %(count)d."),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Unpublish (back to draft)"), permissions=["moderate"])
    def unpublish(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        """Hide the chosen titles."""
        decide_each(
            request, queryset, lambda title: self.take_back(title, request),
            done=_("Back to draft: %(count)d."),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Reject with a reason…"), permissions=["moderate"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse | None:
        """Reject the chosen titles, once a reason is given."""
        page = ask_reason(
            request, queryset, action="reject", title=_("Reject titles"), button=_("Reject"),
            context=self.admin_site.each_context(request),
        )  # fmt: skip
        if page is not None:
            return page
        reason = request.POST["reason"]
        decide_each(
            request, queryset, lambda title: self.refuse(title, request, reason),
            done=_("Rejected: %(count)d."),
        )  # fmt: skip
        return None

    @admin.action(description=gettext_lazy("Merge two titles into one"), permissions=["moderate"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        """Merge the two chosen titles into the public one, of two such into the older one."""
        titles = list(queryset.order_by("pk")[:3])
        if len(titles) != 2:
            messages.warning(request, _("Choose two titles."))
            return
        into, source = sorted(
            titles, key=lambda title: (title.moderation != Moderation.APPROVED, title.pk)
        )
        try:
            job = merge_titles(source, into, moderator=current_user(request))
        except AppError as error:
            messages.warning(request, str(error.message))
            return
        text = _("“%(name)s” is “%(into)s” now.") % {"name": source.name, "into": into.name}
        tell_job(request, job, text)

    @admin.action(
        description=gettext_lazy("Change status, genres and tags…"), permissions=["moderate"]
    )
    def change_many(self, request: HttpRequest, queryset: QuerySet[Title]) -> HttpResponse | None:
        """Change the chosen titles, once it is said what."""
        return change_chosen(request, queryset)

    @admin.action(
        description=gettext_lazy("Delete (can be undone for 30 days)"), permissions=["moderate"]
    )
    def delete_many(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        """Take the chosen titles out of every list; those with chapters stay."""
        delete_chosen(request, queryset)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Return True for moderators."""
        return request.user.has_perm("catalog.moderate_title")

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the buttons."""
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(require_POST(view)),
                name=self._address(name),
            )
            for name, view in self.button_views().items()
        ]
        return own + super().get_urls()

    def button_views(self) -> dict[str, Callable[..., HttpResponse]]:
        """Return the views that only take what a form of the page sends, by their last word."""
        return {"decide": self.decide, "cover": self.change_cover}

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Carry out the decision of the pressed button."""
        if not self.has_moderate_permission(request):
            raise PermissionDenied
        title = get_object_or_404(self.get_queryset(request), pk=pk)
        try:
            self._decide(title, request, request.POST.get("decision", ""))
        except AppError as error:
            messages.warning(request, str(error.message))
        return self.back_to(pk)

    def change_cover(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Set a new cover, or remove the present one."""
        if not self.has_moderate_permission(request):
            raise PermissionDenied
        title = Title.objects.get(pk=get_object_or_404(self.get_queryset(request), pk=pk).pk)
        picture = request.FILES.get("cover")
        try:
            if "remove" in request.POST:
                remove_cover(title, moderator=current_user(request))
                messages.success(request, _("The cover is removed."))
            elif picture is None:
                messages.warning(request, _("Choose a picture first."))
            else:
                set_cover(title, picture, moderator=current_user(request))
                messages.success(request, _("The cover is set."))
        except AppError as error:
            messages.error(request, str(error.message))
        return self.back_to(pk, "cover")

    def back_to(self, pk: int, part: str = "") -> HttpResponse:
        """Return to the page of a title, or to a part of it."""
        address = reverse(f"admin:{self._address('change')}", args=[pk])
        return HttpResponseRedirect(f"{address}#{part}" if part else address)

    def _decide(self, title: Title, request: HttpRequest, decision: str) -> None:
        if decision == "publish":
            self.approve(title, request)
            messages.success(request, _("“%(name)s” is public now.") % {"name": title.name})
        elif decision == "unpublish":
            self.take_back(title, request)
            messages.success(request, _("“%(name)s” is a draft now.") % {"name": title.name})
        elif decision == "reject":
            self.refuse(title, request, request.POST.get("reason", ""))
            messages.success(request, _("“%(name)s” is rejected.") % {"name": title.name})
        elif decision == "readdress":
            slug = readdress_title(title, moderator=current_user(request))
            messages.success(request, _("The address is “%(slug)s” now.") % {"slug": slug})

    def _address(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"


def shown_cover(title: Title) -> dict[str, Any] | None:
    """Return the title's cover with its address, or the one that waits with a signed one."""
    cover = getattr(title, "cover", None)
    if cover is None:
        return shown_draft(title.pk)
    return {
        "url": media_url(cover.original.name), "width": cover.width, "height": cover.height,
    }  # fmt: skip
