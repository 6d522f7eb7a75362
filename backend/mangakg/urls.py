"""All addresses: those of the apps, and those of this project."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

from common.http.urls import route
from mangakg.admin_login import WEB_ENTRANCE, enter_from_web_app
from mangakg.api_schema import SchemaView
from mangakg.errors import bad_request, not_found, nothing_here, server_error
from mangakg.health import alive, ready
from mangakg.metrics import metrics
from mangakg.site import SiteView
from mangakg.web_app import web_page
from reader.api.files import private_file, public_file

api: list[URLPattern | URLResolver] = [
    # Patterns are tried from the top: the most requested ones come first.
    path("", include("reader.urls")),
    path("", include("catalog.urls")),
    path("", include("sources.urls")),
    path("", include("tracker.urls")),
    path("", include("accounts.urls")),
    path("", include("safety.urls")),
    route("site", SiteView.as_view()),
    route("schema", SchemaView.as_view()),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include((api, "api"))),
    route(WEB_ENTRANCE, enter_from_web_app),
    route("api/docs", SpectacularSwaggerSplitView.as_view(url="/api/schema")),
    re_path(r"^api(?:/|$)", nothing_here),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    re_path(r"^media/(?P<name>.+)$", public_file),
    re_path(r"^files/(?P<name>.+)$", private_file),
    route("healthz", alive),
    route("readyz", ready),
    route("metrics", metrics),
    re_path(r"^", web_page),
]

handler400 = bad_request
handler404 = not_found
handler500 = server_error
