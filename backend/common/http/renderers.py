"""Writes JSON by orjson, for DRF and for plain views alike."""

from decimal import Decimal
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer


def plain_number(number: Decimal) -> str:
    """Return a decimal as text without trailing zeros or exponent: 10.500 -> "10.5"."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _encode_other(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_NON_STR_KEYS


def to_json(value: Any) -> bytes:
    """Return UTF-8 JSON; times in UTC with a Z, decimals as plain strings."""
    return orjson.dumps(value, default=_encode_other, option=_OPTIONS)


def json_response(value: Any, *, status: int = 200) -> HttpResponse:
    """Answer `value` as JSON."""
    return HttpResponse(to_json(value), status=status, content_type="application/json")


class OrjsonRenderer(BaseRenderer):
    """DRF's renderer on orjson."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Any = None,
    ) -> bytes:
        """Return the body; no bytes for an answer without content."""
        return b"" if data is None else to_json(data)
