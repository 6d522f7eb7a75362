"""The addresses of this app, below /api/."""

from common.http.urls import ID_OR_SLUG, route
from sources.api.follows import (
    CHAPTER,
    FOLLOW,
    SeriesFollowsView,
    SeriesFollowView,
    SourceChapterRetryView,
    SourceChaptersView,
)
from sources.api.search import (
    AutocompleteView,
    MaxView,
    SearchView,
    SourceListView,
    SourceSearchView,
)
from sources.api.status import SourceStatsView, SourceStatusView
from sources.api.titles import SourceTitlesView, TitleRefreshView

SOURCE = r"(?P<source>[a-z0-9_-]+)"
_FOLLOWS = f"series/{ID_OR_SLUG}/sources"

urlpatterns = [
    route("sources", SourceListView.as_view()),
    route("sources/search", SearchView.as_view()),
    route("sources/autocomplete", AutocompleteView.as_view()),
    route("sources/max", MaxView.as_view()),
    route("sources/stats", SourceStatsView.as_view()),
    route("sources/status", SourceStatusView.as_view()),
    route(f"sources/{SOURCE}/search", SourceSearchView.as_view()),
    route(f"sources/{SOURCE}/titles", SourceTitlesView.as_view()),
    route(f"titles/{ID_OR_SLUG}/refresh", TitleRefreshView.as_view()),
    route(_FOLLOWS, SeriesFollowsView.as_view()),
    route(f"{_FOLLOWS}/{FOLLOW}", SeriesFollowView.as_view()),
    route(f"{_FOLLOWS}/{FOLLOW}/chapters", SourceChaptersView.as_view()),
    route(f"{_FOLLOWS}/{FOLLOW}/chapters/{CHAPTER}/retry", SourceChapterRetryView.as_view()),
]
