"""Gzip for text. Pictures are compressed already, and a part of a file must keep its length."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class TextGZipMiddleware(GZipMiddleware):
    """Django's, for text, JSON and scripts only."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress text, JSON and scripts."""
        is_text = response.get("Content-Type", "").startswith(("text/", "application/"))
        return super().process_response(request, response) if is_text else response
