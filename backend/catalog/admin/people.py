"""Creators in the admin: a page of all, and pages of authors and of artists."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin.decisions import current_user
from catalog.admin.titles import AliasInline
from catalog.choices import CreditRole
from catalog.models import Artist, Author, Credit, Person, Title
from catalog.people import create_person, delete_person, record_person_edit, set_credits, titles_of
from common.counting import count_of
from common.typed_admin import ModelAdmin


class TitleCreditInline(admin.TabularInline[Credit, Person]):
    """Edits the credits of a creator."""

    model = Credit
    extra = 0
    autocomplete_fields = ("title",)
    verbose_name_plural = gettext_lazy("Credits")


@admin.register(Person)
class PersonAdmin(ModelAdmin[Person]):
    """Edits all creators, with or without credits."""

    list_display = ("name", "original_name", "title_count")
    search_fields = ("name", "original_name", "aliases__name")
    ordering = ("name_order", "pk")
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ("slug",)
    fields: ClassVar[Any] = ("name", "original_name", "slug")
    inlines: ClassVar[Any] = (AliasInline, TitleCreditInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        """Count the titles in the same query as the creators."""
        made = count_of(Credit, "person", what="title")
        return super().get_queryset(request).annotate(titles_made=made)

    @admin.display(description=gettext_lazy("titles"), ordering="titles_made")
    def title_count(self, who: Any) -> int:
        """Return the number of titles."""
        return int(who.titles_made)

    def get_fields(self, request: HttpRequest, obj: Person | None = None) -> Any:
        """Hide the slug of a new creator, who has none yet."""
        return [name for name in self.fields if obj is not None or name != "slug"]

    def save_model(
        self, request: HttpRequest, obj: Person, form: forms.ModelForm[Person], change: bool
    ) -> None:
        """Give a new creator a slug."""
        if change:
            super().save_model(request, obj, form, change)
        else:
            create_person(obj, editor=current_user(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the credits too, then log the change and update search and lists."""
        before = titles_of(form.instance)
        super().save_related(request, form, formsets, change)
        self.save_credits(request, form)
        changed = list(form.changed_data)
        changed += [
            str(formset.model._meta.model_name) for formset in formsets if formset.has_changed()
        ]
        record_person_edit(
            form.instance, editor=current_user(request), changed=changed, is_new=not change,
            titles_before=before,
        )  # fmt: skip

    def save_credits(self, request: HttpRequest, form: Any) -> None:
        """Do nothing, as the inline has saved the credits."""

    def delete_model(self, request: HttpRequest, obj: Person) -> None:
        """Delete a creator by `delete_person`."""
        delete_person(obj, editor=current_user(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        """Delete the chosen creators by `delete_person`, one by one."""
        for who in queryset:
            delete_person(who, editor=current_user(request))


class CreditedForm(forms.ModelForm[Person]):
    """Edits a creator with the titles of one role; at least one title is required."""

    role: ClassVar[CreditRole]
    titles = forms.ModelMultipleChoiceField(
        Title.objects.all(),
        label=gettext_lazy("Titles"),
        widget=AutocompleteSelectMultiple(Credit._meta.get_field("title"), admin.site),
        error_messages={"required": gettext_lazy("Choose at least one title.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "titles" in self.fields and self.instance.pk:
            held = Credit.objects.filter(person=self.instance.pk, role=self.role)
            self.initial["titles"] = list(held.values_list("title_id", flat=True))


class AuthorForm(CreditedForm):
    role = CreditRole.AUTHOR


class ArtistForm(CreditedForm):
    role = CreditRole.ARTIST


class CreditedAdmin(PersonAdmin):
    """Edits the creators of one role; a new one gets the role by the chosen titles."""

    fields = ("name", "original_name", "titles", "slug")
    inlines = (AliasInline,)

    def save_credits(self, request: HttpRequest, form: Any) -> None:
        """Add and remove credits of the role until they match the chosen titles."""
        set_credits(
            form.instance,
            role=form.role,
            titles=form.cleaned_data["titles"],
            editor=current_user(request),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> Any:
        """Show the titles as text to users who may not change them."""
        if self.has_change_permission(request, obj) or (obj is None):
            return self.readonly_fields
        return (*self.readonly_fields, "titles_shown")

    def get_fields(self, request: HttpRequest, obj: Person | None = None) -> Any:
        """Show the titles as text to users who may not change them."""
        names = super().get_fields(request, obj)
        if obj is not None and not self.has_change_permission(request, obj):
            return ["titles_shown" if name == "titles" else name for name in names]
        return names

    @admin.display(description=gettext_lazy("titles"))
    def titles_shown(self, who: Person) -> str:
        """Return the names of the titles."""
        names = Title.objects.filter(credits__person=who.pk).distinct().values_list("name")
        return ", ".join(name for (name,) in names) or _("none")


@admin.register(Author)
class AuthorAdmin(CreditedAdmin):
    """Edits authors."""

    form = AuthorForm


@admin.register(Artist)
class ArtistAdmin(CreditedAdmin):
    """Edits artists."""

    form = ArtistForm
