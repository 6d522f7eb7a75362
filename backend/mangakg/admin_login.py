"""The admin's pages for logging in, and for setting up a second factor."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.api.auth import set_refresh_cookie
from accounts.api.origins import refuse_foreign_page
from accounts.api.throttles import count_visit
from accounts.auth.admin_login import (
    CodeForm,
    EnrolForm,
    LoginForm,
    enter_with_web_session,
    log_in_with_code,
    log_in_with_password,
    stand_alone,
    throttled_sentence,
    user_of_second_step,
    wanted_address,
)
from accounts.auth.login_throttling import client_context, remember_device
from accounts.auth.passwords import refuse_wrong_password
from accounts.auth.second_factor import (
    Enrolment,
    begin_second_factor,
    confirm_second_factor,
    second_factor_state,
    show_enrolment,
)
from accounts.models import User
from common.http.client_addresses import throttle_address
from common.http.errors import AppError, Throttled

# It lies below the path of the refresh token's cookie.
WEB_ENTRANCE = "api/auth/admin"
_FORM = "form"
# Users who have yet to set up a second factor may open only these pages.
OPEN_PAGES = frozenset({"logout", "second_factor", "jsi18n"})


def show_password_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Show and check the form of the first step, or go to the web app's entrance."""
    if request.method == "GET" and site.has_permission(request):
        return HttpResponseRedirect(reverse("admin:index"))
    next_address = wanted_address(request)
    if _may_bring_web_session(request):
        return HttpResponseRedirect(f"/{WEB_ENTRANCE}?{urlencode({'next': next_address})}")
    form = LoginForm(request.POST or None)
    context = {
        "title": _("Log in"),
        "form": form,
        "next": next_address,
        "app_path": request.get_full_path(),
        "username": request.user.get_username(),
        "is_from_elsewhere": request.headers.get("Sec-Fetch-Site") == "cross-site",
    }
    if request.method == "POST" and form.is_valid():
        client = client_context(request)
        try:
            count_visit("auth", throttle_address(request))
            user = log_in_with_password(
                request,
                form.cleaned_data["username"],
                form.cleaned_data["password"],
                client=client,
                next_address=next_address,
            )
        except AppError as error:
            return _say(site, request, "admin/login.html", context, error=error)
        if user is None:
            return HttpResponseRedirect(reverse("admin:login_code"))
        response = HttpResponseRedirect(next_address)
        remember_device(response, user, client, logged_in=True)
        return response
    return _page(site, request, "admin/login.html", context)


def _may_bring_web_session(request: HttpRequest) -> bool:
    """Return True if the browser may hold a session of the web app that was not tried yet.

    A browser sends that session's cookie when the page is opened by itself or from a page of this
    site. The address holds `form` after the session was refused.
    """
    return (
        request.method == "GET"
        and not request.user.is_authenticated
        and _FORM not in request.GET
        and request.headers.get("Sec-Fetch-Dest") == "document"
        and request.headers.get("Sec-Fetch-Site") in {"same-origin", "none"}
    )


@never_cache
@require_GET
def enter_from_web_app(request: HttpRequest) -> HttpResponse:
    """Open the admin if the web app's session allows it; else redirect to the password page.

    The address lies below the path of that session's cookie, so that the browser sends it. A page
    of another site can neither send the cookie nor read the answer.
    """
    next_address = wanted_address(request)
    try:
        count_visit("auth", throttle_address(request))
        refuse_foreign_page(request)
        token = request.COOKIES.get(settings.REFRESH_COOKIE_NAME, "")
        tokens = enter_with_web_session(request, token)
    except AppError:
        words = urlencode({"next": next_address, _FORM: "1"})
        return HttpResponseRedirect(f"{reverse('admin:login')}?{words}")
    response = HttpResponseRedirect(next_address)
    set_refresh_cookie(response, tokens)
    return response


def show_code_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Show and check the form of the second step, after a right password."""
    form = CodeForm(request.POST or None)
    context = {"title": _("Second factor"), "form": form}
    try:
        if user_of_second_step(request) is None:
            return HttpResponseRedirect(reverse("admin:login"))
        if request.method == "POST" and form.is_valid():
            client = client_context(request)
            count_visit("auth", throttle_address(request))
            user, next_address = log_in_with_code(request, form.cleaned_data["code"], client=client)
            response = HttpResponseRedirect(next_address)
            remember_device(response, user, client, logged_in=True)
            return response
    except AppError as error:
        return _say(site, request, "admin/site/login_code.html", context, error=error)
    return _page(site, request, "admin/site/login_code.html", context)


def show_second_factor_page(site: AdminSite, request: HttpRequest, user: User) -> HttpResponse:
    """Set up a second factor; the answer to the first code shows the recovery codes once."""
    context: dict[str, Any] = {
        "title": _("Second factor"),
        "state": second_factor_state(user),
        "next": wanted_address(request),
    }
    template = "admin/site/second_factor.html"
    if context["state"].enabled:
        return _page(site, request, template, context)
    form = EnrolForm(request.POST or None)
    error = None
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        try:
            refuse_wrong_password(user, words["password"])
            context["recovery_codes"] = confirm_second_factor(
                user, enrolment=words["enrolment"], code=words["code"]
            )
        except AppError as refusal:
            error = refusal
        else:
            update_session_auth_hash(request, user)  # this session goes on, all others end
            stand_alone(request)
            return _page(site, request, template, context)
    enrolment = _same_or_new(user, request.POST.get("enrolment", ""))
    context |= {"form": form, "enrolment": enrolment}
    if error is not None:
        return _say(site, request, template, context, error=error)
    return _page(site, request, template, context)


def to_second_factor_page(request: HttpRequest) -> HttpResponse:
    """Redirect to the page that sets up a second factor, and from there to the wanted one."""
    wanted = request.get_full_path() if request.method == "GET" else reverse("admin:index")
    return HttpResponseRedirect(f"{reverse('admin:second_factor')}?{urlencode({'next': wanted})}")


def _same_or_new(user: User, sealed: str) -> Enrolment:
    # After a wrong code the same QR code is shown, as the app may have scanned it already.
    if sealed:
        try:
            return show_enrolment(user, sealed)
        except AppError:
            pass
    return begin_second_factor(user)


def _say(
    site: AdminSite,
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    error: AppError,
) -> HttpResponse:
    if isinstance(error, Throttled):
        context = {**context, "throttled": throttled_sentence(error.retry_after_seconds)}
    else:
        form = context["form"]
        for name, texts in (error.fields or {"": [error.message]}).items():
            form.add_error(name if name in form.fields else None, list(texts))
    response = _page(site, request, template, context)
    if isinstance(error, Throttled):
        response.status_code = error.status
        response["Retry-After"] = str(error.retry_after_seconds)
    return response


def _page(
    site: AdminSite, request: HttpRequest, template: str, context: dict[str, Any]
) -> HttpResponse:
    request.current_app = site.name
    return TemplateResponse(request, template, {**site.each_context(request), **context})
