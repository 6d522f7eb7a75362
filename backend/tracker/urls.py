"""The addresses of this app, below /api/."""

from common.http.urls import ID, route
from tracker.api.items import (
    ItemListView,
    ItemOfTitleView,
    ItemProgressView,
    ItemView,
    UnreadListView,
)
from tracker.api.library import (
    HistoryView,
    ItemHistoryView,
    SettingsView,
    SummaryView,
    UndoChangeView,
)

urlpatterns = [
    route("library/items", ItemListView.as_view()),
    route(f"library/items/{ID}", ItemView.as_view()),
    route(f"library/items/{ID}/progress", ItemProgressView.as_view()),
    route(f"library/items/{ID}/history", ItemHistoryView.as_view()),
    route(f"library/items/by-title/{ID}", ItemOfTitleView.as_view()),
    route("library/unread", UnreadListView.as_view()),
    route("library/summary", SummaryView.as_view()),
    route("library/settings", SettingsView.as_view()),
    route("library/history", HistoryView.as_view()),
    route(f"library/history/{ID}/undo", UndoChangeView.as_view()),
]
