"""Collects every route of the API, however deep it is included."""

from collections.abc import Iterator, Sequence

from django.urls import URLPattern, URLResolver

from mangakg.urls import api


def api_routes() -> list[URLPattern]:
    """Return the routes below /api/ in the order in which they are tried."""
    return list(_flattened(api))


def _flattened(patterns: Sequence[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _flattened(pattern.url_patterns)
        else:
            yield pattern
