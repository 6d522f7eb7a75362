"""Serves one stored image with length, ETag, ranges, and headers that let it be only an image."""

import re
from typing import Any

from django.core.files.storage import Storage
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotModified

from common.http.responses import is_known

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
# Even an SVG or HTML that slipped in could run nothing and load nothing.
IMAGE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


class LargeBlocksResponse(FileResponse):
    """Django's, for servers that leave sending to Python: blocks of 4 KB cost twice as much."""

    block_size = 256 * 1024


def answer_image(
    request: HttpRequest, storage: Storage, name: str, *, content_type: str, caching: str
) -> HttpResponseBase:
    """Return the file, a part of it, or 304; the caller has checked that it may be seen."""
    size = storage.size(name)
    etag = f'"{name.rsplit("/", 1)[-1].partition(".")[0][:32]}"'
    part = _asked_range(request, size, etag)
    response: HttpResponseBase
    if is_known(request, etag):
        response = HttpResponseNotModified()
    elif part is None:
        response = LargeBlocksResponse(storage.open(name, "rb"), content_type=content_type)
        response["Content-Length"] = str(size)
    elif part.start >= part.stop:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
    else:
        file = FilePart(storage.open(name, "rb"), part)
        response = LargeBlocksResponse(file, status=206, content_type=content_type)
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
    """Return the range to send, empty where the file does not have it; None for the whole file."""
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or request.method != "GET" or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size) if last else None
    if last and int(last) < int(first):  # no range at all (RFC 9110, 14.1.1)
        return None
    return range(int(first), min(int(last) + 1 if last else size, size))


class FilePart:
    """A part of an open file, which a server may send by its name, position and Content-Length."""

    def __init__(self, file: Any, part: range) -> None:
        file.seek(part.start)
        self._file, self._left = file, len(part)
        self.name: str | None = getattr(file, "name", None)

    def fileno(self) -> int:
        """Return the file's descriptor, at the part's beginning."""
        descriptor: int = self._file.fileno()
        return descriptor

    def tell(self) -> int:
        """Return the position in the file."""
        place: int = self._file.tell()
        return place

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes more of the part."""
        data: bytes = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()
