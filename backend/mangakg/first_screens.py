"""Builds the HTML that a page of the web app begins with, and stores it as cached views do.

One round trip to the cache counts the request, tells whether the stored page is current, and gets
the page. Nothing about the user is read: no session, no token, and no cookie but the preferences.
"""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import orjson
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.urls import resolve
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from accounts.api.cached_views import CachedView
from accounts.api.throttles import refuse_over_limit, window_of
from common.http.client_addresses import throttle_address
from common.http.errors import AppError, Throttled
from common.http.renderers import to_json
from common.http.shared_cache import (
    current_generation,
    generation_bytes,
    generation_keys,
    joined_generation,
    shared_cache,
)
from common.web_pages import Head, Screen, Visit, WebPage, empty_screen
from mangakg.web_build import WebBuild

# Pages are compressed once and sent many times, over slow connections.
_GZIP_LEVEL = 9
_OPEN_GRAPH_LOCALES = {"en": "en_US", "ky": "ky_KG", "ru": "ru_RU"}


class NotPublic(Exception):
    """There is no object here that a guest may see."""


class Moved(Exception):
    """The object has another address now."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


@dataclass
class _Answers:
    """Requests data from the API as a guest, and keeps the answers."""

    families: Sequence[str]
    generation: bytes
    bodies: dict[str, bytes]
    seconds: int

    def __call__(self, address: str) -> Any:
        path, _mark, query = address.partition("?")
        found = resolve(unquote(path))
        view: CachedView = found.func.view_class(**found.func.view_initkwargs)  # type: ignore[attr-defined]
        view.generation = b"".join(self._generation_of(family) for family in view.families)
        request = HttpRequest()
        request.method, request.path = "GET", unquote(path)
        request.META["QUERY_STRING"], request.GET = query, QueryDict(query)
        try:
            body = view.answer_anybody(request, **found.kwargs)
        except AppError:  # such as an unknown filter: the app asks itself, and shows the error
            return None
        if body is None:
            moved_to = view.moved_to(**found.kwargs)
            if moved_to is not None:
                raise Moved(moved_to)
            return None
        self.bodies[address] = body
        self.seconds = min(self.seconds, view.cache_seconds)
        return orjson.loads(body)

    def _generation_of(self, family: str) -> bytes:
        # Raises ValueError where the page does not name a family that it is made of.
        start = generation_bytes(self.families[: self.families.index(family)])
        return self.generation[start : start + generation_bytes([family])]


def first_screen(request: HttpRequest, page: WebPage, visit: Visit, build: WebBuild) -> bytes:
    """Return the page, gzipped; raises NotPublic or Moved if its object is not here.

    The page holds no data when the client is over its limit or the database is down: the app then
    requests the data itself, and shows the error.
    """
    if page.screen is empty_screen:
        return bare_screen(page, visit.preferences.interface, build)
    key = _key_of(request.path, visit, build)
    counter, seconds, limit = window_of("anon", throttle_address(request))
    keys = [key, *generation_keys(page.families)]
    count, (stored, *values) = shared_cache().visit(counter, seconds, keys)
    generation = joined_generation(values)
    if generation is not None and stored is not None and stored.startswith(generation):
        return stored[len(generation) :]
    # The generation is read before the database: a change in between makes the page stale.
    if generation is None:
        generation = current_generation(page.families)
    answers = _Answers(page.families, generation, {}, CachedView.cache_seconds)
    language = visit.preferences.interface
    try:
        refuse_over_limit(count, seconds, limit)
        with translation.override(language):
            screen = page.screen(visit, answers)
            if screen is None:
                raise NotPublic
            html = _write(
                screen,
                page,
                build,
                path=request.path,
                language=language,
                bodies=answers.bodies,
            )
    except (Throttled, DatabaseError):
        return bare_screen(page, language, build)
    written = _compress(html)
    shared_cache().put(key, answers.generation + written, answers.seconds)
    return written


@lru_cache(maxsize=64)
def bare_screen(page: WebPage | None, language: str, build: WebBuild) -> bytes:
    """Return a page without data; for None, the page of an unknown address."""
    with translation.override(language):
        return _compress(_write(Screen(), page, build, path="", language=language, bodies={}))


def _key_of(path: str, visit: Visit, build: WebBuild) -> str:
    parts = (path.rstrip("/"), sorted(visit.parameters.items()), visit.preferences, build.version)
    return f"page:{hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()}"


def _compress(html: str) -> bytes:
    return gzip.compress(html.encode(), compresslevel=_GZIP_LEVEL, mtime=0)


def _write(
    screen: Screen,
    page: WebPage | None,
    build: WebBuild,
    *,
    path: str,
    language: str,
    bodies: dict[str, bytes],
) -> str:
    frame = {
        **screen.context,
        "screen": screen.template,
        "site_name": settings.SITE_NAME,
        "has_bar": page is not None and page.has_bar,
    }
    first_paint = render_to_string("first_screens/frame.html", frame) if page else ""
    return build.with_screen(
        route=page.route if page else "",
        language=language,
        head=_write_head(path, screen.head, language),
        body=f"{first_paint}{_write_data(bodies)}",
    )


def _write_head(path: str, head: Head, language: str) -> str:
    title = f"{head.title} · {settings.SITE_NAME}" if head.title else settings.SITE_NAME
    lines = [format_html("<title>{}</title>", title)]
    lines.append(
        format_html('<meta name="guest-ratings" content="{}">', ",".join(settings.GUEST_RATINGS))
    )
    if path:
        lines.append(format_html('<link rel="canonical" href="{}">', _absolute(path)))
    if not head.description:
        return "\n".join(lines)
    properties = {
        "title": head.title or settings.SITE_NAME,
        "description": head.description,
        "site_name": settings.SITE_NAME,
        "type": head.kind,
        "url": _absolute(path),
        "locale": _OPEN_GRAPH_LOCALES[language],
    }
    if head.image is not None:
        address, width, height = head.image
        properties |= {
            "image": _absolute(address),
            "image:width": str(width),
            "image:height": str(height),
        }
    lines += [
        format_html('<meta name="description" content="{}">', head.description),
        format_html('<meta name="twitter:card" content="{}">', "summary"),
        format_html_join("\n", '<meta property="og:{}" content="{}">', properties.items()),
    ]
    if head.facts is not None:
        facts = {"@context": "https://schema.org", "url": _absolute(path), **head.facts}
        written = _escape(to_json(facts)).decode()
        lines.append(mark_safe(f'<script type="application/ld+json">{written}</script>'))  # noqa: S308
    return "\n".join(lines)


def _absolute(address: str) -> str:
    return address if "://" in address else f"{settings.SITE_URL}{address}"


def _write_data(bodies: dict[str, bytes]) -> str:
    if not bodies:
        return ""
    pairs = b",".join(to_json(address) + b":" + body for address, body in bodies.items())
    data = _escape(b"{" + pairs + b"}").decode()
    return f'<script type="application/json" id="first-data">{data}</script>'


def _escape(json: bytes) -> bytes:
    """Escape characters that end a script element, or that old scripts read as line ends.

    JSON allows such escapes, as these characters occur only within its strings.
    """
    for sign in ("<", "\u2028", "\u2029"):
        json = json.replace(sign.encode(), f"\\u{ord(sign):04x}".encode())
    return json
