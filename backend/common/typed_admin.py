"""Base classes of all pages of the admin."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, TypeVar

import structlog
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import AbstractUser
from django.db import DatabaseError, IntegrityError, models
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from common.http.errors import AppError
from common.names import OrderKeyField, derived_fields, fold_text

log = structlog.get_logger(__name__)

Row = TypeVar("Row", bound=models.Model)
Person = TypeVar("Person", bound=AbstractUser)


class NameOrderedList(ChangeList):
    """A list that sorts columns of names by the alphabet, and not by the database's bytes."""

    def get_ordering_field(self, field_name: Any) -> Any:
        """Return the column with the order key of a name, where there is one."""
        keys = derived_fields(self.model, field_name) if isinstance(field_name, str) else []
        ordered = [field.name for field in keys if isinstance(field, OrderKeyField)]
        return ordered[0] if ordered else super().get_ordering_field(field_name)


class ChosenOneByOne(AutocompleteSelectMultiple):
    """Takes what was chosen away one by one; select2's button for all of it is no list item."""

    def build_attrs(
        self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the attributes, without that button."""
        return {**super().build_attrs(base_attrs, extra_attrs), "data-allow-clear": "false"}


class _PageOfOurs:
    """Saves only the columns that were changed in the form, and searches without regard to case.

    The form's row was read earlier: Django would write all of it back, and so undo what was
    committed in between, such as a rejection, a ban or a counter.
    """

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """See NameOrderedList."""
        return NameOrderedList

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Search in folded text, unless the page names another lookup."""
        names: Any = super().get_search_fields(request)  # type: ignore[misc] # Django's, by its place in the bases
        return [name if _says_how(name) else f"{name}__folded__contains" for name in names]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Search for the folded words."""
        return super().get_search_results(request, queryset, fold_text(search_term))  # type: ignore[misc]

    def changed_columns(self, row: models.Model, changed: Collection[str]) -> list[str]:
        """Return the columns to write when the fields `changed` of a form were changed."""
        columns = {field.name for field in row._meta.concrete_fields}.intersection(changed)
        derived = [field.name for name in columns for field in derived_fields(type(row), name)]
        return sorted([*columns, *derived])

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **options: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        """Return the field; a column of `autocomplete_fields` gets a picker that axe accepts."""
        page: Any = self
        if db_field.name in page.get_autocomplete_fields(request):
            options["widget"] = ChosenOneByOne(
                db_field, page.admin_site, using=options.get("using")
            )
        return super().formfield_for_manytomany(db_field, request, **options)  # type: ignore[misc, no-any-return]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save all of a new row, and only the changed columns of another one."""
        if change:
            obj.save(update_fields=self.changed_columns(obj, form.changed_data))
        else:
            obj.save()

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the rows of an inline as `save_model` does."""
        formset.save(commit=False)
        for row in formset.deleted_objects:
            row.delete()
        for row, changed in formset.changed_objects:
            row.save(update_fields=self.changed_columns(row, changed))
        for row in formset.new_objects:
            row.save()
        formset.save_m2m()

    def changeform_view(self, request: HttpRequest, *place: Any, **options: Any) -> HttpResponse:
        """Show or save."""
        return _told(request, partial(super().changeform_view, request, *place, **options))  # type: ignore[misc] # Django's, by its place in the bases

    def delete_view(self, request: HttpRequest, *place: Any, **options: Any) -> HttpResponse:
        """Ask or delete."""
        return _told(request, partial(super().delete_view, request, *place, **options))  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *place: Any, **options: Any) -> HttpResponse:
        """Show the list, or run an action on the chosen rows."""
        return _told(request, partial(super().changelist_view, request, *place, **options))  # type: ignore[misc]


def _says_how(search_field: str) -> bool:
    return search_field[0] in "=^@" or search_field.endswith(("__startswith", "__contains"))


def _told(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the answer of a Django page; show what a story or the database refuses as a message,
    such as that another user changed or deleted the row a moment before."""
    if request.method != "POST":
        return act()
    try:
        return act()
    except AppError as error:
        sentence = str(error.message)
    except DatabaseError as error:
        # Django's own, without a driver's error: UPDATE found no row.
        is_gone = type(error) is DatabaseError
        if not (is_gone or isinstance(error, IntegrityError)):
            raise
        log.warning("admin.not_saved", path=request.path, exc_info=True)
        sentence = _("Somebody else was faster: nothing was saved. Look at it again.")
    messages.error(request, sentence)
    return HttpResponseRedirect(request.path)


class ModelAdmin(_PageOfOurs, admin.ModelAdmin[Row]):
    """The base of every page of a model."""


class UserAdmin(_PageOfOurs, DjangoUserAdmin[Person]):
    """The base of the page of accounts."""
