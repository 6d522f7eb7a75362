"""Trailers stand on other sites: an address is read into the site and the video's id there.

Only sites of SITES are taken. A page about a title loads the player of the site, so whoever chose
the address would otherwise choose what runs there; and an id is all that is kept of an address, so
that nothing else of it (a list to play, a mark of who shared it) reaches the reader.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit


class Trailer(NamedTuple):
    """A video: its usual address, its site and its id there."""

    url: str
    site: str
    id: str


class UnknownVideo(ValueError):
    """The address is none of a video on a known site."""


def read_trailer(address: str) -> Trailer:
    """Return the video of an address, however it was copied; raises UnknownVideo."""
    address = address.strip()
    if "://" not in address:
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError as error:
        raise UnknownVideo(address) from error
    site = _SITE_OF_HOST.get(host) if parts.scheme in ("http", "https") else None
    if site is None:
        raise UnknownVideo(address)
    found = SITES[site].read(parts)
    if found is None:
        raise UnknownVideo(address)
    return Trailer(SITES[site].address % found, site, found)


class _Site(NamedTuple):
    hosts: tuple[str, ...]
    address: str
    read: Callable[[SplitResult], str | None]


def _parameter(parts: SplitResult, name: str) -> str:
    return parse_qs(parts.query).get(name, [""])[0]


def _youtube(parts: SplitResult) -> str | None:
    if parts.hostname == "youtu.be":
        word = parts.path.strip("/")
    elif parts.path.rstrip("/") == "/watch":
        word = _parameter(parts, "v")
    else:
        word = _after(parts.path, r"/(?:embed|shorts|live|v)/([^/]+)")
    return word if re.fullmatch(r"[\w-]{11}", word, re.ASCII) else None


def _vimeo(parts: SplitResult) -> str | None:
    return _after(parts.path, r"/(?:video/|channels/[\w-]+/)?(\d{1,12})(?:/.*)?") or None


def _rutube(parts: SplitResult) -> str | None:
    return _after(parts.path, r"/(?:video|play/embed|shorts)/([0-9a-f]{32})/?") or None


def _vk(parts: SplitResult) -> str | None:
    if parts.path == "/video_ext.php":
        word = f"{_parameter(parts, 'oid')}_{_parameter(parts, 'id')}"
    else:
        # A video opened over another page stands in a parameter: /videos-1?z=video-1_2%2Fclub1.
        word = _after(parts.path, r".*/(?:video|clip)(-?\d+_\d+)") or _after(
            f"/{_parameter(parts, 'z')}", r"/(?:video|clip)(-?\d+_\d+)(?:/.*)?"
        )
    return word if re.fullmatch(r"-?\d{1,15}_\d{1,15}", word, re.ASCII) else None


def _ok(parts: SplitResult) -> str | None:
    return _after(parts.path, r"/(?:video|videoembed|live)/(\d{1,20})/?") or None


def _after(path: str, pattern: str) -> str:
    found = re.fullmatch(pattern, path, re.ASCII)
    return found[1] if found else ""


# The sites where trailers of films that are watched here stand: YouTube and Vimeo everywhere,
# Rutube, VK Video and Odnoklassniki for what is in Russian and Kyrgyz.
SITES: Mapping[str, _Site] = {
    "youtube": _Site(
        ("youtube.com", "youtu.be", "youtube-nocookie.com", "music.youtube.com"),
        "https://www.youtube.com/watch?v=%s",
        _youtube,
    ),
    "vimeo": _Site(("vimeo.com", "player.vimeo.com"), "https://vimeo.com/%s", _vimeo),
    "rutube": _Site(("rutube.ru",), "https://rutube.ru/video/%s/", _rutube),
    "vk": _Site(("vk.com", "vk.ru", "vkvideo.ru"), "https://vkvideo.ru/video%s", _vk),
    "ok": _Site(("ok.ru",), "https://ok.ru/video/%s", _ok),
}
_SITE_OF_HOST = {host: name for name, site in SITES.items() for host in site.hosts}
