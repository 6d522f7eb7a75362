"""The addresses of this app, below /api/."""

from catalog.api.titles import CategoryListView, TagListView, TitleDetailView, TitleListView
from common.http.urls import ID_OR_SLUG, route

urlpatterns = [
    route("titles", TitleListView.as_view()),
    route(f"titles/{ID_OR_SLUG}", TitleDetailView.as_view()),
    route("categories", CategoryListView.as_view()),
    route("tags", TagListView.as_view()),
]
