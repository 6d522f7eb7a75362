"""Reads the built web app: its page, its policy, and the files that each page needs."""

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from pathlib import Path

import orjson
from django.conf import settings
from django.utils.html import format_html_join

from mangakg.headers import NOTHING, picture_sources, write_policy

# The places in `frontend/src/app.html` that are filled in here.
_LANGUAGE, _HEAD, _BODY = '<html lang="en"', "<!-- head -->", "<!-- first paint -->"
_END_OF_HEAD = "</head>"
_STYLESHEETS = re.compile(r'<link href="[^"]+" rel="stylesheet">')
_META = re.compile(r'<meta http-equiv="content-security-policy" content="([^"]+)">')
_WITHOUT_ONE = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"
_NOT_BUILT = "The web app is not built yet: run `make up`, or `npm run build` in frontend/."


@dataclass(frozen=True, eq=False)
class WebBuild:
    """One build of the web app; `files` are those that each route and each language needs."""

    version: int
    html: str
    policy: str
    files: dict[str, dict[str, list[str]]]

    def with_screen(self, *, route: str, language: str, head: str, body: str) -> str:
        """Return the page in a language, with `head` in its head and `body` before the app."""
        html = self.html.replace(_LANGUAGE, f'<html lang="{language}"', 1)
        html = html.replace(_HEAD, head, 1).replace(_BODY, body, 1)
        return html.replace(_END_OF_HEAD, f"{self._preloads(route, language)}{_END_OF_HEAD}", 1)

    def _preloads(self, route: str, language: str) -> str:
        """Return links to the fonts, and to the scripts that the app requests once it runs."""
        fonts = self._files("fonts", language)
        scripts = [*self._files("languages", language), *self._files("routes", route)]
        font = '<link rel="preload" href="{}" as="font" type="font/woff2" crossorigin>\n'
        script = '<link rel="modulepreload" href="{}">\n'
        return format_html_join("", font, ((one,) for one in fonts)) + format_html_join(
            "", script, ((one,) for one in scripts)
        )

    def _files(self, kind: str, name: str) -> list[str]:
        return self.files.get(kind, {}).get(name, [])


def build_version() -> int:
    """Return a number that changes when the web app is built again, also while we serve."""
    try:
        return (settings.FRONTEND_BUILD / "index.html").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def current_build() -> WebBuild:
    """Return the present build."""
    return _read_build(settings.FRONTEND_BUILD, build_version())


@lru_cache(maxsize=1)
def _read_build(folder: Path, version: int) -> WebBuild:
    if not version:
        return WebBuild(0, _NOT_BUILT, NOTHING, {})
    html = (folder / "index.html").read_text()
    preloads = folder / "preloads.json"
    files = orjson.loads(preloads.read_bytes()) if preloads.exists() else {}
    return WebBuild(version, _with_styles_first(html), _policy(html), files)


def _with_styles_first(html: str) -> str:
    """Move the style sheets before the scripts, as nothing is painted without them.

    A browser opens only six connections at a time, which scripts would take first.
    """
    styles = "\n".join(_STYLESHEETS.findall(html))
    return _STYLESHEETS.sub("", html).replace(_HEAD, f"{_HEAD}\n{styles}", 1)


def _policy(html: str) -> str:
    """Return the policy in the page of the build, with the parts that only a header can set.

    The build knows the hashes of its scripts, but not where this installation's pictures are.
    """
    found = _META.search(html)
    text = unescape(found[1]) if found else _WITHOUT_ONE
    written = (part.strip().partition(" ") for part in text.split(";"))
    directives = {name: value for name, _space, value in written if name}
    directives["img-src"] = f"{picture_sources()} blob:"
    directives["frame-ancestors"] = "'none'"
    return write_policy(directives)
