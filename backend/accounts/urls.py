"""Addresses of this app, below /api/."""

from accounts.api.addresses import EmailChangeView, EmailConfirmView, EmailResendView
from accounts.api.auth import LogoutView, RefreshView, TokenView
from accounts.api.jobs import JobItemsView, JobListView, JobStopView, JobUndoView, JobView
from accounts.api.keys import KeyListView, KeyView
from accounts.api.me import AvatarView, ExportView, MeView
from accounts.api.passwords import PasswordChangeView, PasswordResetConfirmView, PasswordResetView
from accounts.api.registration import RegisterView
from accounts.api.second_factor import RecoveryCodesView, SecondFactorConfirmView, SecondFactorView
from accounts.api.sessions import SessionListView, SessionView
from accounts.api.uploader_requests import UploaderRequestView
from common.http.urls import ID, route

urlpatterns = [
    route("auth/token", TokenView.as_view()),
    route("auth/refresh", RefreshView.as_view()),
    route("auth/logout", LogoutView.as_view()),
    route("auth/register", RegisterView.as_view()),
    route("auth/email/confirm", EmailConfirmView.as_view()),
    route("auth/email/resend", EmailResendView.as_view()),
    route("auth/email/change", EmailChangeView.as_view()),
    route("auth/password/change", PasswordChangeView.as_view()),
    route("auth/password/reset", PasswordResetView.as_view()),
    route("auth/password/reset/confirm", PasswordResetConfirmView.as_view()),
    route("auth/me", MeView.as_view()),
    route("auth/me/avatar", AvatarView.as_view()),
    route("auth/me/export", ExportView.as_view()),
    route("auth/sessions", SessionListView.as_view()),
    route(f"auth/sessions/{ID}", SessionView.as_view()),
    route("auth/keys", KeyListView.as_view()),
    route(f"auth/keys/{ID}", KeyView.as_view()),
    route("jobs", JobListView.as_view()),
    route(f"jobs/{ID}", JobView.as_view()),
    route(f"jobs/{ID}/items", JobItemsView.as_view()),
    route(f"jobs/{ID}/stop", JobStopView.as_view()),
    route(f"jobs/{ID}/undo", JobUndoView.as_view()),
    route("auth/uploader-request", UploaderRequestView.as_view()),
    route("auth/second-factor", SecondFactorView.as_view()),
    route("auth/second-factor/confirm", SecondFactorConfirmView.as_view()),
    route("auth/second-factor/recovery-codes", RecoveryCodesView.as_view()),
]
