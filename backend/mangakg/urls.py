"""Every address. Each answers with and without a trailing slash."""

from typing import Any, cast

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

from accounts.api.addresses import EmailChangeView, EmailConfirmView, EmailResendView
from accounts.api.auth import LogoutView, RefreshView, TokenView
from accounts.api.keys import KeyListView, KeyView
from accounts.api.me import AvatarView, ExportView, MeView
from accounts.api.passwords import (
    PasswordChangeView,
    PasswordResetConfirmView,
    PasswordResetView,
)
from accounts.api.registration import RegisterView
from accounts.api.second_factor import (
    RecoveryCodesView,
    SecondFactorConfirmView,
    SecondFactorView,
)
from accounts.api.sessions import SessionListView, SessionView
from accounts.api.uploader_requests import UploaderRequestView
from catalog.api.titles import CategoryListView, TagListView, TitleDetailView, TitleListView
from mangakg.api_schema import SchemaView
from mangakg.errors import bad_request, not_found, nothing_here, server_error
from mangakg.health import alive, ready
from mangakg.metrics import metrics
from mangakg.site import SiteView
from mangakg.web_app import web_page
from reader.api.chapters import ChapterDetailView, LatestChaptersView
from reader.api.files import private_file, public_file
from reader.api.people import ProfileView
from reader.api.reading import (
    ChapterProgressView,
    ProgressRowsView,
    RecentReadingView,
    SeriesProgressView,
)
from reader.api.uploads import (
    ModerationSummaryView,
    SeriesChaptersView,
    UploadDetailView,
    UploadListView,
    UploadQuotaView,
)
from reader.models import Series
from safety.api.reports import ReportReasonsView, ReportsView
from safety.api.warnings import WarningSeenView, WarningsView

_WORD = r"(?P<id_or_slug>[-\w]+)"
_NAME = r"(?P<username>[^/]{1,60})"
_ID = r"(?P<pk>[0-9]{1,18})"


def address(pattern: str, view: Any) -> URLPattern:
    """Route `pattern` with and without a trailing slash."""
    return cast(URLPattern, re_path(rf"^{pattern}/?$", view))


api = [
    # What everybody asks for stands first: addresses are tried from the top.
    address("series", TitleListView.as_view(titles=Series)),
    address(f"series/{_WORD}", TitleDetailView.as_view(titles=Series)),
    address(f"series/{_WORD}/chapters", SeriesChaptersView.as_view()),
    address("chapters", LatestChaptersView.as_view()),
    address(f"chapters/{_ID}", ChapterDetailView.as_view()),
    address("titles", TitleListView.as_view()),
    address(f"titles/{_WORD}", TitleDetailView.as_view()),
    address("auth/token", TokenView.as_view()),
    address("auth/refresh", RefreshView.as_view()),
    address("auth/logout", LogoutView.as_view()),
    address("auth/register", RegisterView.as_view()),
    address("auth/email/confirm", EmailConfirmView.as_view()),
    address("auth/email/resend", EmailResendView.as_view()),
    address("auth/email/change", EmailChangeView.as_view()),
    address("auth/password/change", PasswordChangeView.as_view()),
    address("auth/password/reset", PasswordResetView.as_view()),
    address("auth/password/reset/confirm", PasswordResetConfirmView.as_view()),
    address("auth/me", MeView.as_view()),
    address("auth/me/avatar", AvatarView.as_view()),
    address("auth/me/export", ExportView.as_view()),
    address("auth/sessions", SessionListView.as_view()),
    address(f"auth/sessions/{_ID}", SessionView.as_view()),
    address("auth/keys", KeyListView.as_view()),
    address(f"auth/keys/{_ID}", KeyView.as_view()),
    address("auth/uploader-request", UploaderRequestView.as_view()),
    address("auth/second-factor", SecondFactorView.as_view()),
    address("auth/second-factor/confirm", SecondFactorConfirmView.as_view()),
    address("auth/second-factor/recovery-codes", RecoveryCodesView.as_view()),
    address(f"users/{_NAME}", ProfileView.as_view()),
    address("categories", CategoryListView.as_view()),
    address("tags", TagListView.as_view()),
    address(f"series/{_WORD}/progress", SeriesProgressView.as_view()),
    address(f"chapters/{_ID}/progress", ChapterProgressView.as_view()),
    address("reading", RecentReadingView.as_view()),
    address("reading/progress", ProgressRowsView.as_view()),
    address("uploads", UploadListView.as_view()),
    address("uploads/quota", UploadQuotaView.as_view()),
    address(f"uploads/{_ID}", UploadDetailView.as_view()),
    address("moderation/summary", ModerationSummaryView.as_view()),
    address("reports", ReportsView.as_view()),
    address("reports/reasons", ReportReasonsView.as_view()),
    address("warnings", WarningsView.as_view()),
    address(f"warnings/{_ID}/seen", WarningSeenView.as_view()),
    address("site", SiteView.as_view()),
    address("schema", SchemaView.as_view()),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include((api, "api"))),
    address("api/docs", SpectacularSwaggerSplitView.as_view(url="/api/schema")),
    re_path(r"^api(?:/|$)", nothing_here),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    re_path(r"^media/(?P<name>.+)$", public_file),
    re_path(r"^files/(?P<name>.+)$", private_file),
    address("healthz", alive),
    address("readyz", ready),
    address("metrics", metrics),
    re_path(r"^", web_page),
]

handler400 = bad_request
handler404 = not_found
handler500 = server_error
