"""Series in the admin: titles with a cover and chapters."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.admin.decisions import current_user
from catalog.admin.titles import TitleAdmin, TitleForm
from catalog.choices import READABLE_KINDS, Kind
from catalog.models import Title
from common.typed_admin import NameOrderedList
from reader.models import Chapter, Series
from reader.publication.edits import set_numbers_restart
from reader.publication.series import approve_series, reject_series, unpublish_series
from reader.reading.places import PlaceTaken, refuse_clashes

_CHAPTERS_SHOWN = 10


class SeriesForm(TitleForm):
    """Edits a title of a kind that has chapters; the kind may change while there are none."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        kind = self.fields.get("kind")
        if isinstance(kind, forms.ChoiceField) and not self.instance.pk:
            kind.choices = [(kind.value, kind.label) for kind in READABLE_KINDS]
            self.initial.setdefault("kind", Kind.MANGA)

    def clean_kind(self) -> str:
        """Refuse a kind without chapters while the series has some."""
        kind = str(self.cleaned_data["kind"])
        has_chapters = self.instance.pk and Chapter.objects.filter(series=self.instance.pk).exists()
        if kind not in READABLE_KINDS and has_chapters:
            raise ValidationError(_("This series has chapters: it stays something that is read."))
        return kind

    def clean_numbers_restart_per_volume(self) -> bool:
        """Refuse a change by which chapters of several volumes would become one."""
        restart = bool(self.cleaned_data["numbers_restart_per_volume"])
        if "numbers_restart_per_volume" in self.changed_data and self.instance.pk:
            try:
                refuse_clashes(self.instance, restart=restart)
            except PlaceTaken as error:
                raise ValidationError(error.message) from error
        return restart


@admin.register(Series)
class SeriesAdmin(TitleAdmin):
    """Edits series, and decides about them."""

    form = SeriesForm
    change_form_template = "admin/reader/series_form.html"
    list_display = (
        "cover_small", "name", "kind", "status", "moderation", "chapter_count", "updated_at",
    )  # fmt: skip
    ordering = ("-updated_at", "-pk")
    fieldsets = (
        TitleAdmin.fieldsets[0],
        (
            TitleAdmin.fieldsets[1][0],
            {
                "fields": (
                    ("status", "content_rating"),
                    ("year", "original_language", "direction"),
                    "numbers_restart_per_volume",
                    "length",
                    "categories",
                    "tags",
                )
            },
        ),
        *TitleAdmin.fieldsets[2:],
    )

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Return Django's list: the manager of the proxy model selects the series."""
        return NameOrderedList

    def save_model(
        self, request: HttpRequest, obj: Title, form: forms.ModelForm[Title], change: bool
    ) -> None:
        """Save the series, and adapt its chapters where the rule of their numbers changes."""
        if change and "numbers_restart_per_volume" in form.changed_data:
            set_numbers_restart(
                obj, restart=obj.numbers_restart_per_volume, editor=current_user(request)
            )
        super().save_model(request, obj, form, change)

    def page_context(self, request: HttpRequest, title: Title) -> dict[str, Any]:
        """Add the chapters."""
        chapters = Chapter.objects.filter(series=title.pk).select_related("group", "live_upload")
        return super().page_context(request, title) | {
            "chapters": chapters.order_by("-pk")[:_CHAPTERS_SHOWN],
            "chapters_url": (
                f"{reverse('admin:reader_chapter_changelist')}?series__id__exact={title.pk}"
            ),
            "upload_url": f"{reverse('admin:reader_upload_add')}?series={title.pk}",
            "may_submit": request.user.has_perm("reader.submit_upload"),
        }

    def approve(self, title: Title, request: HttpRequest) -> None:
        """Publish the series by its story."""
        approve_series(title, moderator=current_user(request))

    def take_back(self, title: Title, request: HttpRequest) -> None:
        """Hide the series by its story."""
        unpublish_series(title, moderator=current_user(request))

    def refuse(self, title: Title, request: HttpRequest, reason: str) -> None:
        """Reject the series by its story."""
        reject_series(title, moderator=current_user(request), reason=reason)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the chapters, so that Django's page refuses to delete a series that has some."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, set() if protected else lacking, protected
