"""The addresses of this app, below /api/."""

from catalog.api.titles import TitleListView
from common.http.urls import ID, ID_OR_SLUG, route
from reader.api.chapters import ChapterDetailView, LatestChaptersView
from reader.api.marks import SeriesMarksView
from reader.api.people import ProfileView
from reader.api.reading import (
    ChapterProgressView,
    ProgressRowsView,
    RecentReadingView,
    SeriesProgressView,
)
from reader.api.series import SeriesDetailView
from reader.api.uploads import (
    ModerationSummaryView,
    SeriesChaptersView,
    UploadDetailView,
    UploadListView,
    UploadQuotaView,
)
from reader.models import Series

USERNAME = r"(?P<username>[^/]{1,60})"

urlpatterns = [
    # The addresses that are asked for most stand first: they are tried from the top.
    route("series", TitleListView.as_view(titles=Series)),
    route(f"series/{ID_OR_SLUG}", SeriesDetailView.as_view()),
    route(f"series/{ID_OR_SLUG}/chapters", SeriesChaptersView.as_view()),
    route("chapters", LatestChaptersView.as_view()),
    route(f"chapters/{ID}", ChapterDetailView.as_view()),
    route(f"users/{USERNAME}", ProfileView.as_view()),
    route(f"series/{ID_OR_SLUG}/progress", SeriesProgressView.as_view()),
    route(f"series/{ID_OR_SLUG}/marks", SeriesMarksView.as_view()),
    route(f"chapters/{ID}/progress", ChapterProgressView.as_view()),
    route("reading", RecentReadingView.as_view()),
    route("reading/progress", ProgressRowsView.as_view()),
    route("uploads", UploadListView.as_view()),
    route("uploads/quota", UploadQuotaView.as_view()),
    route(f"uploads/{ID}", UploadDetailView.as_view()),
    route("moderation/summary", ModerationSummaryView.as_view()),
]
