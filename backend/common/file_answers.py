"""Serving one stored image: length, ETag, ranges, and headers under which it is only an image."""

import re
from collections.abc import Iterator
from typing import BinaryIO, cast

from django.core.files.storage import Storage
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotModified

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_CHUNK_BYTES = 64 * 1024
# Even an SVG or HTML that slipped in could run nothing and load nothing.
IMAGE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


def answer_image(
    request: HttpRequest, storage: Storage, name: str, *, content_type: str, caching: str
) -> HttpResponseBase:
    """Return the file, a part of it, or 304; the caller has checked that it may be seen."""
    size = storage.size(name)
    etag = f'"{name.rsplit("/", 1)[-1].partition(".")[0][:32]}"'
    response: HttpResponseBase
    if etag in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
    elif (part := _asked_range(request, size, etag)) is None:
        response = FileResponse(storage.open(name, "rb"), content_type=content_type)
        response["Content-Length"] = str(size)
    elif part.start >= part.stop:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
    else:
        chunks = _read_part(cast(BinaryIO, storage.open(name, "rb")), part)
        response = StreamingHttpResponse(chunks, status=206, content_type=content_type)
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
        response["Content-Length"] = str(len(part))
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = caching
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = IMAGE_POLICY
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Content-Disposition"] = "inline"
    return response


def _asked_range(request: HttpRequest, size: int, etag: str) -> range | None:
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if first:
        return range(int(first), min(int(last) + 1 if last else size, size))
    return range(max(size - int(last), 0), size) if last else None


def _read_part(file: BinaryIO, part: range) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        left = len(part)
        while left and (chunk := file.read(min(_CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
