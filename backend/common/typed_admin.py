"""Django's admin classes with their type parameters: the stubs know them, Django itself does not.

`ModelAdmin[Title]` would fail with Django's own; these give themselves back.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, TabularInline
    from django.contrib.auth.admin import UserAdmin
    from django.contrib.auth.forms import (
        AdminPasswordChangeForm,
        BaseUserCreationForm,
        UserChangeForm,
    )
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

    ModelAdmin = _with_parameters(admin.ModelAdmin)
    TabularInline = _with_parameters(admin.TabularInline)
    UserAdmin = _with_parameters(auth_admin.UserAdmin)
    AdminPasswordChangeForm = _with_parameters(auth_forms.AdminPasswordChangeForm)
    BaseUserCreationForm = _with_parameters(auth_forms.BaseUserCreationForm)
    UserChangeForm = _with_parameters(auth_forms.UserChangeForm)
    ModelForm = _with_parameters(forms.ModelForm)
    ModelMultipleChoiceField = _with_parameters(forms.ModelMultipleChoiceField)

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
