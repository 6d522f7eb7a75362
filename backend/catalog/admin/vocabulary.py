"""Categories and tags in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from catalog.admin.decisions import current_user
from catalog.admin.languages import LanguageMapField, with_other_languages
from catalog.folding import fold_name
from catalog.models import Category, Tag
from catalog.vocabulary import (
    CategoryInUse,
    delete_category,
    delete_tag,
    record_vocabulary_edit,
    refuse_category_in_use,
)
from common.typed_admin import ModelAdmin


class NameForm(forms.ModelForm[Any]):
    """Edits the name of a category or tag in every language."""

    name = LanguageMapField(label=gettext_lazy("Name"))

    def clean_name(self) -> dict[str, str]:
        """Keep the languages that have no field in the form."""
        return with_other_languages(self.cleaned_data["name"], self.instance.name)


class WordAdmin(ModelAdmin[Any]):
    """The common base of the pages of categories and tags."""

    form = NameForm
    list_display = ("__str__", "name_ky", "name_ru", "slug", "title_count")
    search_fields = ("slug",)  # turns searching on; `get_search_results` does it
    ordering = ("slug",)
    fields = ("name", "slug")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the titles in the same query."""
        words: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = words.annotate(titles_in=Count("title"))
        return counted

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search the names of all languages; there are few enough rows to read them all."""
        wanted = fold_name(search_term)
        if not wanted:
            return queryset, False
        found = [
            pk
            for pk, slug, names in self.model._default_manager.values_list("pk", "slug", "name")
            if any(wanted in fold_name(str(name)) for name in (slug, *names.values()))
        ]
        return queryset.filter(pk__in=found), False

    @admin.display(description=gettext_lazy("Kyrgyz"))
    def name_ky(self, word: Any) -> str:
        """Return the Kyrgyz name."""
        return str(word.name.get("ky") or "")

    @admin.display(description=gettext_lazy("Russian"))
    def name_ru(self, word: Any) -> str:
        """Return the Russian name."""
        return str(word.name.get("ru") or "")

    @admin.display(description=gettext_lazy("titles"), ordering="titles_in")
    def title_count(self, word: Any) -> int:
        """Return the number of titles."""
        return int(word.titles_in)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the related rows, and update the lists of titles."""
        super().save_related(request, form, formsets, change)
        record_vocabulary_edit(
            form.instance,
            editor=current_user(request),
            changed=list(form.changed_data),
            is_new=not change,
        )


@admin.register(Category)
class CategoryAdmin(WordAdmin):
    """Edits categories (genres); one that a title uses cannot be deleted."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the titles that use a category, so that Django's page refuses to delete it."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        for category in objs:
            try:
                refuse_category_in_use(category)
            except CategoryInUse as error:
                protected.append(error.message)
        return deleted, counts, lacking, protected

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        """Delete a category by its story."""
        delete_category(obj, moderator=current_user(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Category]) -> None:
        """Delete the chosen categories by their story, one by one."""
        for category in queryset:
            delete_category(category, moderator=current_user(request))


@admin.register(Tag)
class TagAdmin(WordAdmin):
    """Edits tags; deleting one removes it from its titles."""

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        """Delete a tag by its story."""
        delete_tag(obj, moderator=current_user(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        """Delete the chosen tags by their story, one by one."""
        for tag in queryset:
            delete_tag(tag, moderator=current_user(request))
