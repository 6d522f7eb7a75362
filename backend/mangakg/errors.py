"""Answers to requests that no view answers: JSON for the API, a short page for browsers."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from common.http.renderers import json_response


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    """Answer 404 to a path below the API's that has no route, whatever the method."""
    return not_found(request, Http404())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: an unknown host name, too many fields, a forged signature."""
    return _answer(request, 400, "invalid", _("This cannot be taken."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without a valid CSRF token."""
    return _answer(
        request, 403, "forbidden", _("This form is too old, or not from here. Load it again.")
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, as JSON or as a page."""
    return _answer(request, 404, "not_found", _("There is nothing here."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; the error has been reported already."""
    return _answer(request, 500, "server_error", _("Something went wrong on our side. Try again."))


def _answer(request: HttpRequest, status: int, code: str, sentence: str) -> HttpResponse:
    if request.path.startswith("/api"):
        return json_response({"code": code, "detail": sentence}, status=status)
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
