"""The web app's shell, under every path that is one of its pages."""

import re
from functools import lru_cache
from html import unescape
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.views.decorators.http import require_safe

from common.discovery import declared
from common.http.responses import is_known
from mangakg.headers import NOTHING, picture_sources, write_policy

# Never the shell's: what is not found here is not found.
_NOT_PAGES = re.compile(r"/(api|media|files|admin|opds|static|_app|metrics|healthz|readyz)(/|$)")
_META = re.compile(r'<meta http-equiv="content-security-policy" content="([^"]+)">')
_WITHOUT_ONE = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"


@require_safe
def web_page(request: HttpRequest) -> HttpResponse:
    """Answer the shell; with 404 where the web app has no such page, which it then says itself."""
    is_page = _pages().fullmatch(request.path) is not None
    looks_like_a_file = "." in request.path.rsplit("/", 1)[-1] and not is_page
    if _NOT_PAGES.match(request.path) or looks_like_a_file:
        raise Http404
    path = settings.FRONTEND_BUILD / "index.html"
    shell, etag, policy = _shell(path, build_version())
    response: HttpResponse
    if is_page and is_known(request, etag):
        response = HttpResponseNotModified()
    else:
        status = 200 if is_page else 404
        response = HttpResponse(shell, status=status)
        response["ETag"] = etag
        response["Cache-Control"] = "no-cache"
    # Also with a 304: its headers take the place of those that the browser has stored.
    response["Content-Security-Policy"] = policy
    return response


@lru_cache(maxsize=1)
def _pages() -> re.Pattern[str]:
    """Return what matches the web app's pages, which each app declares in `<app>/web_pages.py`."""
    return re.compile(f"/({'|'.join(chain.from_iterable(declared('web_pages', 'WEB_PAGES')))})/?")


def build_version() -> int:
    """Return a number that changes when the web app is built anew, which happens while we serve."""
    try:
        return (settings.FRONTEND_BUILD / "index.html").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@lru_cache(maxsize=1)
def _shell(path: Path, version: int) -> tuple[bytes, str, str]:
    if not version:
        message = b"The web app is not built yet: run `make up`, or `npm run build` in frontend/."
        return message, '"none"', NOTHING
    html = path.read_bytes()
    return html, f'"{version:x}"', _policy(html.decode())


def _policy(html: str) -> str:
    """Return the policy that the build wrote into the page, with what only a header can say.

    The build knows the hashes of its scripts, and not where this installation's pictures are.
    """
    found = _META.search(html)
    text = unescape(found[1]) if found else _WITHOUT_ONE
    written = (part.strip().partition(" ") for part in text.split(";"))
    directives = {name: value for name, _space, value in written if name}
    directives["img-src"] = f"{picture_sources()} blob:"
    directives["frame-ancestors"] = "'none'"
    return write_policy(directives)
