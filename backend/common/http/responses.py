"""Answers that no cache may keep, and the check whether a client has an answer already."""

from typing import Any

from django.http import HttpRequest
from django.utils.http import parse_etags
from rest_framework.response import Response


class PrivateResponse(Response):
    """An answer for one user: no cache may keep it."""

    def __init__(self, data: Any = None, status: int = 200) -> None:
        super().__init__(data, status=status, headers={"Cache-Control": "private, no-store"})


def is_known(request: HttpRequest, etag: str) -> bool:
    """Return True where If-None-Match names this answer, or any by `*` (RFC 9110, 13.1.2).

    Tags are compared weakly, as gzip makes a strong tag weak.
    """
    if "HTTP_IF_NONE_MATCH" not in request.META:
        return False
    known = parse_etags(request.META["HTTP_IF_NONE_MATCH"])
    return known == ["*"] or etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in known}
