"""The addresses of this app, below /api/."""

from common.http.urls import ID, route
from tracker.api.anilist import (
    AniListStatusView,
    CallbackView,
    ConflictsView,
    ConflictView,
    ConnectUrlView,
    DisconnectView,
    ImportView,
    SyncView,
    WaitingView,
)
from tracker.api.bulk import BulkView
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
from tracker.api.lists import (
    LibraryListsView,
    LibraryListView,
    LibraryTagsView,
    LibraryTagView,
    ListEntriesView,
    ListEntryView,
    PublicListView,
)

_TITLE = r"(?P<title_id>[0-9]{1,18})"

urlpatterns = [
    route("anilist/connect-url", ConnectUrlView.as_view()),
    route("anilist/callback", CallbackView.as_view()),
    route("anilist/status", AniListStatusView.as_view()),
    route("anilist/disconnect", DisconnectView.as_view()),
    route("anilist/import", ImportView.as_view()),
    route("anilist/sync", SyncView.as_view()),
    route("anilist/waiting", WaitingView.as_view()),
    route("anilist/conflicts", ConflictsView.as_view()),
    route(f"anilist/conflicts/{ID}", ConflictView.as_view()),
    route("library/items", ItemListView.as_view()),
    route(f"library/items/{ID}", ItemView.as_view()),
    route(f"library/items/{ID}/progress", ItemProgressView.as_view()),
    route(f"library/items/{ID}/history", ItemHistoryView.as_view()),
    route(f"library/items/by-title/{ID}", ItemOfTitleView.as_view()),
    route("library/bulk", BulkView.as_view()),
    route("library/unread", UnreadListView.as_view()),
    route("library/summary", SummaryView.as_view()),
    route("library/settings", SettingsView.as_view()),
    route("library/history", HistoryView.as_view()),
    route(f"library/history/{ID}/undo", UndoChangeView.as_view()),
    route("library/tags", LibraryTagsView.as_view()),
    route(f"library/tags/{ID}", LibraryTagView.as_view()),
    route("library/lists", LibraryListsView.as_view()),
    route(f"library/lists/{ID}", LibraryListView.as_view()),
    route(f"library/lists/{ID}/items", ListEntriesView.as_view()),
    route(f"library/lists/{ID}/items/{_TITLE}", ListEntryView.as_view()),
    route(r"lists/(?P<slug>[-\w]{1,120})", PublicListView.as_view()),
]
