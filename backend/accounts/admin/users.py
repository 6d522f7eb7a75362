"""Lets admins edit accounts and roles; the pages that moderators use are in `safety`."""

from collections.abc import Collection
from functools import partial
from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    BaseUserCreationForm,
    UserChangeForm,
)
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.records import offers_filter
from accounts.admin.second_factor import show_removal_page
from accounts.auth.addresses import clean_address
from accounts.auth.second_factor import has_second_factor
from accounts.models import User, active_ban
from accounts.profile.registration import refuse_taken_name
from accounts.roles.staff import (
    record_account_edit,
    refuse_taken_address,
    set_password_for,
    settle_address,
)
from accounts.usernames import clean_username
from common.http.errors import Invalid
from common.typed_admin import UserAdmin as TypedUserAdmin


class PersonForm(forms.ModelForm[User]):
    """Checks that the name is valid and free, and that no other user has the address."""

    def clean_username(self) -> str:
        """Check a changed name as `accounts.usernames` does, but allow reserved names.

        An unchanged name is always accepted. The unique column is not in the form, so Django does
        not check it.
        """
        typed = str(self.cleaned_data["username"])
        if typed == self.initial.get("username"):
            return typed
        username = clean_username(typed, may_be_reserved=True)
        refuse_taken_name(username, user=self.instance)
        return username

    def clean_email(self) -> str:
        """Check the address, and refuse one of another user."""
        email = str(self.cleaned_data.get("email") or "").strip()
        try:
            email = clean_address(email) if email else ""
            refuse_taken_address(email, user=self.instance)
        except Invalid as error:
            raise ValidationError(error.message) from error
        return email


class UserForm(PersonForm, UserChangeForm[User]):
    """Edits an existing user; the password's hash is shown and never written."""


class NewUserForm(PersonForm, BaseUserCreationForm[User]):
    """Creates a user, whose address counts as confirmed."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        required=False,
        help_text=gettext_lazy("Counts as confirmed: you vouch for it."),
    )

    class Meta:
        model = User
        fields = ("username", "email", "groups", "language")


class RolesField(forms.ModelMultipleChoiceField[Group]):
    """Offers the roles by their translated names."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the translated name of a role."""
        return role_name(obj.name)


class BanState(admin.SimpleListFilter):
    """Filters users by whether they are banned."""

    title = gettext_lazy("ban")
    parameter_name = "banned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return both choices."""
        return [("yes", _("Banned")), ("no", _("Not banned"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Return the users of the chosen state."""
        if self.value() == "yes":
            return queryset.filter(active_ban())
        return queryset.exclude(active_ban()) if self.value() == "no" else queryset


@admin.register(User)
class UserAdmin(TypedUserAdmin[User]):
    """Lets admins edit users, and moderators look at them."""

    form = UserForm
    add_form = NewUserForm
    change_password_form: Any = AdminPasswordChangeForm
    change_form_template = "admin/site/user_form.html"
    list_display = ("username", "email", "roles", "ban_shown", "strike_count", "date_joined")
    list_filter = ("groups", BanState, "is_staff", "is_active")
    search_fields = ("username", "display_name", "email", "emailaddress__email")
    ordering = ("username_order", "pk")
    list_per_page = 50
    show_full_result_count = False
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "display_name", "email", "language")}),
        (gettext_lazy("Rights"), {"fields": ("groups", "is_staff", "is_active", "is_superuser")}),
        (gettext_lazy("Times"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "email", "password1", "password2", "groups", "language")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Fetch the roles and count the strikes together with the users."""
        people: QuerySet[User] = super().get_queryset(request)
        return people.prefetch_related("groups").annotate(
            strikes_got=Count("strikes", distinct=True)
        )

    # --- Only admins see e-mail addresses and search by them --------------------------------------

    def get_list_display(self, request: HttpRequest) -> Any:
        """Show the column of addresses to admins only."""
        return self._without_addresses(request, super().get_list_display(request))

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Search addresses for admins only."""
        return self._without_addresses(request, super().get_search_fields(request))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow users who are not admins only those lookups that a filter offers."""
        may_ask = self.has_change_permission(request) or offers_filter(self, request, lookup)
        return may_ask and super().lookup_allowed(lookup, value, request)

    def _without_addresses(self, request: HttpRequest, names: Any) -> Any:
        if self.has_change_permission(request):
            return names
        return [name for name in names if not name.startswith("email")]

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, who: User) -> str:
        """Return the translated names of the user's roles."""
        names = [role_name(group.name) for group in who.groups.all()]
        if who.is_superuser:
            names.append(_("superuser"))
        return ", ".join(names)

    @admin.display(description=gettext_lazy("ban"))
    def ban_shown(self, who: User) -> str:
        """Return the reason of a ban that has not ended."""
        if not who.is_banned:
            return ""
        return format_html(
            '<span class="state state-banned">{}</span> {}', _("banned"), who.ban_reason
        )

    @admin.display(description=gettext_lazy("strikes"), ordering="strikes_got")
    def strike_count(self, who: Any) -> int:
        """Return how many strikes the user has had in all."""
        return int(who.strikes_got)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show moderators a few fields only, without the password's hash."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        shown = ("username", "display_name", "groups", "date_joined")
        return ((None, {"fields": shown}),)

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **options: Any) -> Any:
        """Show roles as check boxes, as there are few of them."""
        if db_field.name == "groups":
            return RolesField(
                Group.objects.order_by("pk"),
                label=_("Roles"),
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )
        return super().formfield_for_manytomany(db_field, request, **options)

    # --- Saving ---------------------------------------------------------------------------------

    def changed_columns(self, row: models.Model, changed: Collection[str]) -> list[str]:
        """Save `username_key` together with the name."""
        columns = super().changed_columns(row, changed)
        return [*columns, "username_key"] if "username" in columns else columns

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the user, and adapt the confirmed address to the one in the form."""
        form.roles_before = list(obj.groups.values_list("name", flat=True)) if change else []
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            settle_address(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Log the change with the roles before and after it."""
        super().save_related(request, form, formsets, change)
        record_account_edit(
            form.instance,
            admin=_person(request),
            changed=[name for name in form.changed_data if "password" not in name],
            roles_before=form.roles_before,
            is_new=not change,
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        """Show Django's page with a form that also ends the user's sessions."""
        self.change_password_form = _password_form(request.user)
        return super().user_change_password(request, id, form_url)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show this page in the menu of admins only; moderators use the page of `safety`."""
        return request.user.has_perm("accounts.change_user")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: users delete their own accounts, and harmful ones are banned."""
        return False

    # --- Second factor --------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add the page that removes a second factor."""
        admin_view = self.admin_site.admin_view(partial(show_removal_page, self))
        return [
            path("<int:pk>/second-factor/", admin_view, name="accounts_user_second_factor"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Tell the template whether the user has a second factor that can be removed."""
        who = self.get_object(request, object_id)
        may_remove = (
            who is not None
            and who != request.user
            and self.has_change_permission(request, who)
            and has_second_factor(who)
        )
        context = {**(extra_context or {}), "may_remove_second_factor": may_remove}
        return super().change_view(request, object_id, form_url, context)


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _password_form(admin_user: Any) -> "type[AdminPasswordChangeForm[User]]":
    # The only form of ours whose base class takes no type parameter at run time.
    class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
        def save(self, commit: bool = True) -> User:
            """Set the password by `set_password_for`."""
            user: User = self.user
            set_password_for(user, admin=admin_user, password=self.cleaned_data["password1"])
            return user

    return PasswordForm


def role_name(name: str) -> str:
    """Return the translated name of a role."""
    names = {
        "reader": _("Reader"),
        "uploader": _("Uploader"),
        "trusted": _("Trusted uploader"),
        "moderator": _("Moderator"),
        "admin": _("Admin"),
    }
    return names.get(name, name)


# None of these has anything to edit on pages of its own: roles are declared by the apps and set
# again after each migration, an address is edited with its user, and a second factor is a secret.
admin.site.unregister((Group, EmailAddress, Authenticator))
