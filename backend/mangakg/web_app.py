"""Answers the web app's pages with all that they start from; see `mangakg.first_screens`."""

import gzip
import hashlib
import re
from functools import lru_cache
from itertools import chain

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponsePermanentRedirect,
)
from django.views.decorators.http import require_safe

from common.discovery import declared
from common.http.preferences import read_preferences
from common.http.responses import is_known
from common.web_pages import Visit, WebPage
from mangakg.first_screens import Moved, NotPublic, bare_screen, first_screen
from mangakg.web_build import current_build

# Paths that are never pages of the web app: if nothing else answers them, they are a plain 404.
_NOT_PAGES = re.compile(r"/(api|media|files|admin|opds|static|_app|metrics|healthz|readyz)(/|$)")


@require_safe
def web_page(request: HttpRequest) -> HttpResponse:
    """Answer a page, with status 404 if there is no such page or object; the app shows that."""
    page, words = _find_page(request.path)
    looks_like_a_file = "." in request.path.rsplit("/", 1)[-1] and page is None
    if _NOT_PAGES.match(request.path) or looks_like_a_file:
        raise Http404
    build = current_build()
    asked = {name: request.GET.getlist(name) for name in (page.parameters if page else ())}
    parameters = {name: values for name, values in asked.items() if any(values)}
    visit = Visit(words, parameters, read_preferences(request))
    status = 200
    try:
        if page is None:
            raise NotPublic
        body = first_screen(request, page, visit, build)
    except Moved as moved:
        return HttpResponsePermanentRedirect(moved.address.removeprefix("/api"))
    except NotPublic:
        body, status = bare_screen(None, visit.preferences.interface, build), 404
    response = _respond(request, body, status)
    # A 304 needs these too: its headers replace those that the browser has stored.
    response["Content-Security-Policy"] = build.policy
    response["Content-Language"] = visit.preferences.interface
    response["Cache-Control"] = "no-cache"
    response["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
    return response


def _find_page(path: str) -> tuple[WebPage | None, dict[str, str]]:
    for pattern, page in _pages():
        found = pattern.fullmatch(path)
        if found:
            return page, {name: value or "" for name, value in found.groupdict().items()}
    return None, {}


@lru_cache(maxsize=1)
def _pages() -> tuple[tuple[re.Pattern[str], WebPage], ...]:
    """Return the web app's pages, which each app declares in `<app>/web_pages.py`."""
    pages = chain.from_iterable(declared("web_pages", "WEB_PAGES"))
    return tuple((re.compile(f"/{page.path}/?"), page) for page in pages)


def _respond(request: HttpRequest, body: bytes, status: int) -> HttpResponse:
    # A weak ETag, as it is the same for the compressed and the plain page.
    etag = f'W/"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    response: HttpResponse
    if status == 200 and is_known(request, etag):
        response = HttpResponseNotModified()
    elif "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", ""):
        response = HttpResponse(body, status=status)
        response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(gzip.decompress(body), status=status)
    response["ETag"] = etag
    return response
