"""The addresses of this app, below /api/."""

from catalog.api.batches import TitleBatchView
from catalog.api.imports import TitleImportView
from catalog.api.merging import TitleMergeView
from catalog.api.screenshots import ScreenshotsView, ScreenshotView
from catalog.api.titles import CategoryListView, TagListView, TitleDetailView, TitleListView
from catalog.api.watched import (
    AnimeDetailView,
    AnimeListView,
    MovieDetailView,
    MovieListView,
    ShowDetailView,
    ShowListView,
)
from common.http.urls import ID, ID_OR_SLUG, route

urlpatterns = [
    route("titles", TitleListView.as_view()),
    route("titles/batch", TitleBatchView.as_view()),
    route("titles/import", TitleImportView.as_view()),
    route(f"titles/{ID_OR_SLUG}", TitleDetailView.as_view()),
    route(f"titles/{ID_OR_SLUG}/merge", TitleMergeView.as_view()),
    route(f"titles/{ID_OR_SLUG}/screenshots", ScreenshotsView.as_view()),
    route(f"titles/{ID_OR_SLUG}/screenshots/{ID}", ScreenshotView.as_view()),
    route("movies", MovieListView.as_view()),
    route(f"movies/{ID_OR_SLUG}", MovieDetailView.as_view()),
    route("anime", AnimeListView.as_view()),
    route(f"anime/{ID_OR_SLUG}", AnimeDetailView.as_view()),
    route("shows", ShowListView.as_view()),
    route(f"shows/{ID_OR_SLUG}", ShowDetailView.as_view()),
    route("categories", CategoryListView.as_view()),
    route("tags", TagListView.as_view()),
]
