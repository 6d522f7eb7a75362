"""Routes answer with and without a trailing slash."""

from typing import Any, cast

from django.urls import URLPattern, re_path

# A row's id: 18 digits fit into a signed 64-bit number.
ID = r"(?P<pk>[0-9]{1,18})"
ID_OR_SLUG = r"(?P<id_or_slug>[-\w]+)"


def route(pattern: str, view: Any) -> URLPattern:
    """Return the route of `pattern`, with and without a trailing slash."""
    return cast(URLPattern, re_path(rf"^{pattern}/?$", view))
