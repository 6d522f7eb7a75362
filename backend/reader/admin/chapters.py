"""Chapters, volumes and groups in the admin."""

from copy import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin.decisions import current_user
from catalog.choices import READABLE_KINDS
from catalog.models import Title
from catalog.search import search_titles
from common.counting import BoundedPaginator, count_of
from common.http.renderers import plain_number
from common.names import FoldedField, fold_text
from common.typed_admin import ModelAdmin
from reader.models import Chapter, Group, Upload, Volume
from reader.publication.edits import (
    delete_volume,
    given_words,
    record_group_edit,
    record_volume_edit,
    save_chapter_words,
)
from reader.reading.places import PlaceTaken, refuse_taken_place

_UPLOADS_SHOWN = 20


class ChapterForm(forms.ModelForm[Chapter]):
    """Edits a chapter; no other chapter of its number may have the same title and volume."""

    def clean(self) -> dict[str, Any]:
        """Refuse a title or a volume that identifies another chapter of this number."""
        words = super().clean() or self.cleaned_data
        chapter = copy(self.instance)
        for name in set(self.changed_data) & {"title", "volume"} & words.keys():
            setattr(chapter, name, words[name])
        given_words(chapter, self.changed_data)
        try:
            refuse_taken_place(chapter)
        except PlaceTaken as error:
            raise ValidationError(error.message) from error
        return words


@admin.register(Chapter)
class ChapterAdmin(ModelAdmin[Chapter]):
    """Shows chapters and their uploads."""

    form = ChapterForm
    change_form_template = "admin/reader/chapter_form.html"
    list_display = ("series", "number_shown", "title", "language", "group", "state", "page_count",
                    "published_at")  # fmt: skip
    list_filter = ("language", ("live_upload", admin.EmptyFieldListFilter), "published_at")
    list_select_related = ("series", "group", "live_upload")
    list_per_page = 50
    ordering = ("-pk",)  # newest first, by the primary key's index
    search_fields = ("title",)
    search_help_text = gettext_lazy("Series or title of the chapter.")
    paginator = BoundedPaginator
    show_full_result_count = False
    autocomplete_fields = ("group",)
    fields = ("series", "number_shown", "language", "group", "title", "volume", "publish_at",
              "state", "page_count", "published_at")  # fmt: skip
    # Uploads were submitted for this series, number, language and group: they cannot be changed.
    readonly_fields = ("series", "number_shown", "language", "group", "state", "page_count",
                       "published_at")  # fmt: skip
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Chapter]:
        """Return all chapters for moderators.

        Others get those that they may see and have sent an upload for.
        """
        chapters = Chapter.objects.all().visible_to(current_user(request))
        if request.user.has_perm("reader.moderate_upload"):
            return chapters
        own = Upload.objects.filter(chapter=OuterRef("pk"), uploader=request.user.pk)
        return chapters.filter(Exists(own))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Chapter], search_term: str
    ) -> tuple[QuerySet[Chapter], bool]:
        """Search series as readers do, and the titles of chapters."""
        term = search_term.strip()
        if not term:
            return queryset, False
        series = search_titles(term, among=Title.objects.filter(kind__in=READABLE_KINDS))
        titled = queryset.filter(title__folded__contains=fold_text(term))
        return queryset.filter(series__in=series) | titled, False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: a chapter is made by its first upload."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Chapter | None = None) -> bool:
        """Return False: a chapter is deleted with its last upload."""
        return False

    @admin.display(description=gettext_lazy("number"), ordering="number")
    def number_shown(self, chapter: Chapter) -> str:
        """Return the number without trailing zeros."""
        return _("one-shot") if chapter.number is None else plain_number(chapter.number)

    @admin.display(description=gettext_lazy("state"), ordering="live_upload")
    def state(self, chapter: Chapter) -> str:
        """Return whether the chapter has a live upload."""
        if chapter.live_upload_id is None:
            return format_html('<span class="state">{}</span>', _("not live"))
        return format_html('<span class="state state-live">{}</span>', _("live"))

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **options: Any) -> Any:
        """Offer only the volumes of this series."""
        if db_field.name == "volume":
            place = request.resolver_match.kwargs.get("object_id", "")
            series = Chapter.objects.filter(pk=place if place.isdecimal() else 0)
            options["queryset"] = Volume.objects.filter(
                series__in=series.values("series")
            ).order_by("number")
        return super().formfield_for_foreignkey(db_field, request, **options)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add the chapter's uploads to the page."""
        context = {**(extra_context or {})}
        chapter = self.get_object(request, object_id)
        if chapter is not None:
            uploads = Upload.objects.filter(chapter=chapter).visible_to(current_user(request))
            context |= {
                "uploads": uploads.select_related("uploader", "decided_by").order_by("-pk")[
                    :_UPLOADS_SHOWN
                ],
                "upload_url": f"{reverse('admin:reader_upload_add')}?chapter={chapter.pk}",
                "may_submit": request.user.has_perm("reader.submit_upload"),
            }
        return super().change_view(request, object_id, form_url, context)

    def save_model(
        self, request: HttpRequest, obj: Chapter, form: forms.ModelForm[Chapter], change: bool
    ) -> None:
        """Save a chapter by its story."""
        save_chapter_words(obj, editor=current_user(request), changed=form.changed_data)


@admin.register(Volume)
class VolumeAdmin(ModelAdmin[Volume]):
    """Edits volumes."""

    list_display = ("series", "number", "title", "chapter_count")
    list_select_related = ("series",)
    search_fields = ("series__name", "title")
    ordering = ("series", "number")
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ("series",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Volume]:
        """Count the chapters in the same query."""
        return super().get_queryset(request).annotate(held=count_of(Chapter, "volume"))

    @admin.display(description=gettext_lazy("chapters"), ordering="held")
    def chapter_count(self, volume: Any) -> int:
        """Return the number of chapters."""
        return int(volume.held)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the related rows, and update the lists."""
        super().save_related(request, form, formsets, change)
        record_volume_edit(
            form.instance,
            editor=current_user(request),
            changed=form.changed_data,
            is_new=not change,
        )

    def delete_model(self, request: HttpRequest, obj: Volume) -> None:
        """Delete a volume by its story."""
        delete_volume(obj, editor=current_user(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Volume]) -> None:
        """Delete the chosen volumes by their story, one by one."""
        for volume in queryset:
            delete_volume(volume, editor=current_user(request))


class GroupForm(forms.ModelForm[Group]):
    """Checks that no other group has this name, in upper or lower case."""

    def clean_name(self) -> str:
        """Check the name here: the unique column is not in the form, so Django does not."""
        name = str(self.cleaned_data["name"])
        others = Group.objects.exclude(pk=self.instance.pk)
        if others.filter(name_folded=FoldedField.make(name)).exists():
            raise ValidationError(_("Another group is called so."))
        return name


@admin.register(Group)
class GroupAdmin(ModelAdmin[Group]):
    """Edits groups of translators."""

    form = GroupForm
    list_display = ("name", "slug", "chapter_count")
    search_fields = ("name", "slug")
    ordering = ("name_order", "pk")
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ("members",)
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "members")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Count the chapters in the same query."""
        return super().get_queryset(request).annotate(held=count_of(Chapter, "group"))

    @admin.display(description=gettext_lazy("chapters"), ordering="held")
    def chapter_count(self, group: Any) -> int:
        """Return the number of chapters."""
        return int(group.held)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the related rows, and update the lists."""
        super().save_related(request, form, formsets, change)
        record_group_edit(
            form.instance,
            editor=current_user(request),
            changed=form.changed_data,
            is_new=not change,
        )
