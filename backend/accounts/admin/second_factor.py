"""Removes the second factor of a user who has lost both phone and recovery codes."""

from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.auth.second_factor import remove_second_factor
from accounts.models import User
from common.http.errors import AppError


class RemovalForm(forms.Form):
    """Asks for the reason."""

    reason = forms.CharField(
        label=gettext_lazy("How you made sure who asks"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Goes into the log. The person gets an e-mail."),
    )


def show_removal_page(page_of: ModelAdmin[User], request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form, and remove the second factor once a reason is given."""
    if not request.user.has_perm("accounts.change_user"):
        raise PermissionDenied
    who = get_object_or_404(User, pk=pk)
    form = RemovalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reason = form.cleaned_data["reason"].strip()
            remove_second_factor(who, admin=cast(User, request.user), reason=reason)
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(
                request, _("%(name)s logs in with the password alone now.") % {"name": who}
            )
            return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[pk]))
    context = {
        **page_of.admin_site.each_context(request),
        "title": _("Remove the second factor of %(name)s") % {"name": who},
        "form": form,
        "who": who,
        "opts": page_of.opts,
    }
    return TemplateResponse(request, "admin/site/remove_second_factor.html", context)
