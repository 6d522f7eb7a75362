"""Parsers of request bodies: bounded in bytes and in depth, and UTF-8 only.

A view that accepts more than `API_MAX_BODY_BYTES` sets `max_body_bytes`.
"""

from collections.abc import Mapping
from typing import Any, BinaryIO

import orjson
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.parsers import MultiPartParser as DrfMultiPartParser

from common.http.errors import AppError, Invalid

MAX_DEPTH = 32
_UTF8 = {"utf-8", "utf8", "us-ascii"}


class BodyTooLarge(AppError):
    """The body is longer than this path accepts; it was not read."""

    code = "body_too_large"
    status = 413

    def __init__(self, max_bytes: int) -> None:
        super().__init__(
            _("The request is larger than %(max_bytes)d bytes.") % {"max_bytes": max_bytes}
        )


class JsonParser(BaseParser):
    """Parses application/json by orjson, which accepts neither NaN nor invalid UTF-8.

    Of a key that comes twice the last one counts, as in a browser.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the value; raises Invalid, BodyTooLarge or UnsupportedMediaType."""
        return parse_json(_read_bounded(stream, parser_context))


class FormParser(BaseParser):
    """Parses forms; Django's own setting bounds the number of fields."""

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> QueryDict:
        """Return the fields; raises BodyTooLarge or UnsupportedMediaType."""
        body = _read_bounded(stream, parser_context)
        return QueryDict(body, encoding="utf-8")


class MultiPartParser(DrfMultiPartParser):
    """Parses forms with files; too long ones are refused before a byte reaches the disk."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return fields and files; raises Invalid, BodyTooLarge or UnsupportedMediaType."""
        _refuse_length(parser_context)
        return super().parse(stream, media_type, parser_context)


def parse_json(body: bytes) -> Any:
    """Return the value that the bytes are, of a body or a file; raises Invalid."""
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(_("The body is no JSON.")) from error
    # Most bodies have too few brackets to be too deep, and need no check.
    is_deep = body.count(b"[") + body.count(b"{") > MAX_DEPTH
    if is_deep or b"\\u0000" in body:
        _refuse_deep_or_null(value)
    return value


def refuse_charset(request: HttpRequest) -> None:
    """Raise UnsupportedMediaType where a body declares another charset than UTF-8.

    Python knows codecs that decompress, so a body that was counted as small might not be.
    """
    charset = (request.content_params or {}).get("charset", "utf-8")
    if charset.lower() not in _UTF8:
        raise UnsupportedMediaType(request.content_type or "")


def _read_bounded(stream: BinaryIO, context: Mapping[str, Any]) -> bytes:
    max_bytes = _refuse_length(context)
    body = stream.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise BodyTooLarge(max_bytes)
    return body


def _refuse_length(context: Mapping[str, Any]) -> int:
    """Refuse another charset and a length over the limit; return how many bytes may be read."""
    request = context["request"]._request
    refuse_charset(request)
    max_bytes: int = getattr(context["view"], "max_body_bytes", settings.API_MAX_BODY_BYTES)
    if int(request.META.get("CONTENT_LENGTH") or 0) > max_bytes:
        raise BodyTooLarge(max_bytes)
    return max_bytes


def _refuse_deep_or_null(value: object) -> None:
    # Without recursion: the client chooses the depth.
    waiting = [(value, 1)]
    while waiting:
        inner, depth = waiting.pop()
        if isinstance(inner, str):
            if "\0" in inner:
                raise Invalid(_("The text holds a null character."))
            continue
        if isinstance(inner, dict):
            children = [*inner.keys(), *inner.values()]
        elif isinstance(inner, list):
            children = inner
        else:
            continue
        if depth > MAX_DEPTH:
            raise Invalid(_("The body is nested too deeply."))
        waiting.extend((child, depth + 1) for child in children)
