"""People in the admin: all of them, and authors and artists apart."""

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
    """What the person made."""

    model = Credit
    extra = 0
    autocomplete_fields = ("title",)
    verbose_name_plural = gettext_lazy("Credits")


@admin.register(Person)
class PersonAdmin(ModelAdmin[Person]):
    """Anybody with any credit, or with none yet."""

    list_display = ("name", "original_name", "title_count")
    search_fields = ("name", "original_name", "aliases__name")
    ordering = ("name_order", "pk")
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ("slug",)
    fields: ClassVar[Any] = ("name", "original_name", "slug")
    inlines: ClassVar[Any] = (AliasInline, TitleCreditInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        """Count their titles on the way."""
        made = count_of(Credit, "person", what="title")
        return super().get_queryset(request).annotate(titles_made=made)

    @admin.display(description=gettext_lazy("titles"), ordering="titles_made")
    def title_count(self, who: Any) -> int:
        """How many titles."""
        return int(who.titles_made)

    def get_fields(self, request: HttpRequest, obj: Person | None = None) -> Any:
        """A new person has no slug yet."""
        return [name for name in self.fields if obj is not None or name != "slug"]

    def save_model(
        self, request: HttpRequest, obj: Person, form: forms.ModelForm[Person], change: bool
    ) -> None:
        """Give a new person a slug."""
        if change:
            super().save_model(request, obj, form, change)
        else:
            create_person(obj, editor=current_user(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Once all of it is saved, search and lists follow."""
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
        """Here the inline has saved them."""

    def delete_model(self, request: HttpRequest, obj: Person) -> None:
        """Delete by the story."""
        delete_person(obj, editor=current_user(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        """Delete by the story, one by one."""
        for who in queryset:
            delete_person(who, editor=current_user(request))


class CreditedForm(forms.ModelForm[Person]):
    """A person with the titles of one role: without any, nobody is an author."""

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
    """People of one role; who is added here gets the role by the titles chosen."""

    fields = ("name", "original_name", "titles", "slug")
    inlines = (AliasInline,)

    def save_credits(self, request: HttpRequest, form: Any) -> None:
        """Give and take the role's credits."""
        set_credits(
            form.instance,
            role=form.role,
            titles=form.cleaned_data["titles"],
            editor=current_user(request),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> Any:
        """Those who may only look see the titles as text."""
        if self.has_change_permission(request, obj) or (obj is None):
            return self.readonly_fields
        return (*self.readonly_fields, "titles_shown")

    def get_fields(self, request: HttpRequest, obj: Person | None = None) -> Any:
        """See get_readonly_fields."""
        names = super().get_fields(request, obj)
        if obj is not None and not self.has_change_permission(request, obj):
            return ["titles_shown" if name == "titles" else name for name in names]
        return names

    @admin.display(description=gettext_lazy("titles"))
    def titles_shown(self, who: Person) -> str:
        """The names of the titles."""
        names = Title.objects.filter(credits__person=who.pk).distinct().values_list("name")
        return ", ".join(name for (name,) in names) or _("none")


@admin.register(Author)
class AuthorAdmin(CreditedAdmin):
    """Who wrote."""

    form = AuthorForm


@admin.register(Artist)
class ArtistAdmin(CreditedAdmin):
    """Who drew."""

    form = ArtistForm
