"""Addresses of this app, below /api/."""

from common.http.urls import ID, route
from safety.api.reports import ReportReasonsView, ReportsView
from safety.api.warnings import WarningSeenView, WarningsView

urlpatterns = [
    route("reports", ReportsView.as_view()),
    route("reports/reasons", ReportReasonsView.as_view()),
    route("warnings", WarningsView.as_view()),
    route(f"warnings/{ID}/seen", WarningSeenView.as_view()),
]
