"""The admin site: decides who may enter, and gives every page its common context."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import logout
from django.contrib.auth.views import PasswordChangeView, redirect_to_login
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.api.throttles import count_visit
from accounts.auth.admin_login import (
    OwnPasswordForm,
    end_web_session,
    is_web_session_over,
    stand_alone,
    throttled_sentence,
)
from accounts.auth.authority import Banned
from accounts.auth.second_factor import lacks_second_factor
from accounts.auth.sessions import InvalidToken
from accounts.models import User
from accounts.roles.uploader_requests import waiting_requests
from catalog.choices import READABLE_KINDS, Moderation
from catalog.models import Title
from common.http.client_addresses import throttle_address
from common.http.errors import Throttled
from mangakg.admin_login import (
    OPEN_PAGES,
    show_code_page,
    show_password_page,
    show_second_factor_page,
    to_second_factor_page,
)
from reader.models import Upload
from safety.models import Case, CaseState

AdminView = TypeVar("AdminView", bound=Callable[..., HttpResponseBase])

# The order of the menu: the parts that are used every day come first.
_MENU = ("reader", "safety", "catalog", "sources", "accounts")


class MangaAdminSite(admin.AdminSite):
    """Admits moderators and admins by their role, and other users whom an admin made staff."""

    site_header = "MangaKG"
    site_title = "MangaKG"
    index_title = _("Moderation")
    index_template = "admin/site/index.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Check the user on every request, so that a ban takes effect at once."""
        return isinstance(request.user, User) and request.user.can_enter_admin

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the numbers of what waits; they are counted only if a page shows them."""
        may_review = self.has_permission(request) and request.user.has_perm(
            "reader.moderate_upload"
        )
        return {
            **super().each_context(request),
            "site_header": settings.SITE_NAME,
            "site_title": settings.SITE_NAME,
            "may_review": may_review,
            # The templates that show the numbers call these, at most once for each page.
            "waiting_count": cache(_count_waiting) if may_review else 0,
            "case_count": self._case_counter(request),
            "asking_count": cache(_count_asking) if self._may_grant(request) else 0,
            "proposal_count": cache(_count_proposals) if self._may_decide(request) else 0,
        }

    def _case_counter(self, request: HttpRequest) -> Callable[[], int] | None:
        user = request.user
        if not self.has_permission(request) or not user.has_perm("safety.decide_case"):
            return None
        return cache(Case.objects.filter(state=CaseState.OPEN).visible_to(user).count)

    def _may_grant(self, request: HttpRequest) -> bool:
        return self.has_permission(request) and request.user.has_perm("accounts.grant_uploader")

    def _may_decide(self, request: HttpRequest) -> bool:
        return self.has_permission(request) and request.user.has_perm("catalog.moderate_title")

    @method_decorator([never_cache, sensitive_post_parameters()])
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the first step of `mangakg.admin_login`."""
        return show_password_page(self, request)

    @method_decorator([never_cache, sensitive_post_parameters()])
    def login_code(self, request: HttpRequest) -> HttpResponse:
        """Show the second step of `mangakg.admin_login`."""
        return show_code_page(self, request)

    @method_decorator([never_cache, sensitive_post_parameters()])
    def second_factor(self, request: HttpRequest) -> HttpResponse:
        """Show the page that sets up a second factor."""
        return show_second_factor_page(self, request, cast(User, request.user))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show Django's page with our form."""
        page = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done"),
            template_name="registration/password_change_form.html",
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        answer = cast(TemplateResponse, page(request))
        if answer.status_code == 302:  # the password was changed, which ends all other sessions
            stand_alone(request)
        return answer

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Log out of the admin, and of the web app if its session opened the admin."""
        if request.method == "POST":
            end_web_session(request)
        return super().logout(request, extra_context)

    def get_urls(self) -> list[Any]:
        """Add the pages of the second step and of the second factor."""
        return [
            path("login/code/", self.login_code, name="login_code"),
            path("second-factor/", self.admin_view(self.second_factor), name="second_factor"),
            *super().get_urls(),
        ]

    def admin_view(self, view: AdminView, cacheable: bool = False) -> AdminView:
        """Count POST requests as the API does, and require the second factor that a user needs."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def counted(request: HttpRequest, *args: Any, **options: Any) -> Any:
            if request.method == "POST":
                who = request.user.pk
                try:
                    if who is None:
                        count_visit("anon", throttle_address(request))
                    else:
                        count_visit("user", f"u{who}")
                except Throttled as error:
                    return _answer_throttled(error.retry_after_seconds)
            if is_web_session_over(request):
                logout(request)
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            if _must_set_up_second_factor(request):
                return to_second_factor_page(request)
            try:
                answer = inner(request, *args, **options)
            except (Banned, InvalidToken):
                answer = None
            except (DatabaseError, ObjectDoesNotExist):
                # The user was deleted during the request, so a row would point at a missing user.
                user = request.user
                if not isinstance(user, User) or User.objects.filter(pk=user.pk).exists():
                    raise
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            if answer is None or getattr(request.user, "lost_authority", False):
                # The user lost the right to be here during the request, whatever the page answered.
                logout(request)
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            return answer

        return cast(AdminView, counted)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Sort the menu by how often its parts are used, and put all about users in one place."""
        apps = super().get_app_list(request, None)
        _group_members(apps)
        if app_label is not None:
            return [app for app in apps if app["app_label"] == app_label]
        return sorted(
            apps,
            key=lambda app: (
                _MENU.index(app["app_label"]) if app["app_label"] in _MENU else len(_MENU)
            ),
        )


def _group_members(apps: list[Any]) -> None:
    """Move the moderators' pages of users to the accounts, and rename people to creators."""
    by_label = {app["app_label"]: app for app in apps}
    safety, accounts = by_label.get("safety"), by_label.get("accounts")
    if safety and accounts:
        members = [model for model in safety["models"] if model["object_name"] == "Member"]
        safety["models"] = [model for model in safety["models"] if model not in members]
        accounts["models"] = [*members, *accounts["models"]]
    for model in by_label.get("catalog", {"models": []})["models"]:
        if model["object_name"] == "Person":
            model["name"] = _("Creators")


def _count_waiting() -> int:
    return Upload.objects.all().waiting().count()


def _count_proposals() -> int:
    waiting = Title.objects.filter(moderation=Moderation.PENDING)
    return waiting.exclude(kind__in=READABLE_KINDS).count()


def _count_asking() -> int:
    return waiting_requests().count()


def _answer_throttled(seconds: int) -> HttpResponse:
    answer = HttpResponse(throttled_sentence(seconds), status=429, content_type="text/plain")
    answer["Retry-After"] = str(seconds)
    return answer


def _must_set_up_second_factor(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is None or match.url_name in OPEN_PAGES:
        return False
    return isinstance(request.user, User) and lacks_second_factor(request.user)
