"""Django's admin classes with their type parameters, and what every page of ours does alike.

The stubs know the parameters, Django itself does not: `ModelAdmin[Title]` would fail with Django's
own; these give themselves back.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from django.contrib import messages
from django.db import DatabaseError, IntegrityError, models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as DjangoModelAdmin
    from django.contrib.admin import TabularInline
    from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
    from django.contrib.auth.forms import (
        AdminPasswordChangeForm,
        BaseUserCreationForm,
        UserChangeForm,
    )
    from django.contrib.auth.models import AbstractUser
    from django.forms import ModelForm, ModelMultipleChoiceField
else:
    from django import forms
    from django.contrib import admin
    from django.contrib.auth import admin as auth_admin
    from django.contrib.auth import forms as auth_forms

    def _with_parameters(base: type) -> type:
        def give_back(cls: type, _parameters: Any) -> type:
            return cls

        return type(base)(
            base.__name__, (base,), {"__class_getitem__": classmethod(give_back)}
        )  # fmt: skip

    DjangoModelAdmin = _with_parameters(admin.ModelAdmin)
    TabularInline = _with_parameters(admin.TabularInline)
    DjangoUserAdmin = _with_parameters(auth_admin.UserAdmin)
    AdminPasswordChangeForm = _with_parameters(auth_forms.AdminPasswordChangeForm)
    BaseUserCreationForm = _with_parameters(auth_forms.BaseUserCreationForm)
    UserChangeForm = _with_parameters(auth_forms.UserChangeForm)
    ModelForm = _with_parameters(forms.ModelForm)
    ModelMultipleChoiceField = _with_parameters(forms.ModelMultipleChoiceField)

log = structlog.get_logger(__name__)

Row = TypeVar("Row", bound=models.Model)
Person = TypeVar("Person", bound="AbstractUser")


class _SavesWhatChanged:
    """Saving writes the columns that were changed in the form and no others.

    The form's row was read earlier: Django would write all of it back, and so undo whatever was
    committed in between, such as a rejection, a ban or a counter.
    """

    def changed_columns(self, row: models.Model, changed: Collection[str]) -> list[str]:
        """Return the columns to write when the fields `changed` of a form were changed."""
        columns = {field.name for field in row._meta.concrete_fields}
        return sorted(columns.intersection(changed))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save a new row whole, and of another one what was changed."""
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

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save; a row that somebody else took or deleted a moment before is told of."""
        try:
            answer: HttpResponse = super().changeform_view(  # type: ignore[misc] # Django's, by its place in the bases
                request, object_id, form_url, extra_context
            )
        except DatabaseError as error:
            # Django's own, without a driver's error: UPDATE found no row.
            is_gone = type(error) is DatabaseError
            if not (is_gone or isinstance(error, IntegrityError)):
                raise
            log.warning("admin.not_saved", path=request.path, exc_info=True)
            sentence = _("Somebody else was faster: nothing was saved. Look at it again.")
            messages.error(request, sentence)
            return HttpResponseRedirect(request.path)
        return answer


class ModelAdmin(_SavesWhatChanged, DjangoModelAdmin[Row]):
    """The base of every page of ours."""


class UserAdmin(_SavesWhatChanged, DjangoUserAdmin[Person]):
    """The base of the page of accounts."""


__all__ = [
    "AdminPasswordChangeForm",
    "BaseUserCreationForm",
    "ModelAdmin",
    "ModelForm",
    "ModelMultipleChoiceField",
    "TabularInline",
    "UserAdmin",
    "UserChangeForm",
]
