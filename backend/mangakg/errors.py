"""The answers of last resort: JSON for the API, a short page for people."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from common.http.renderers import json_response


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    """Answer what stands under the API's paths and is no route of it, whatever the method."""
    return not_found(request, Http404())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: an unknown host name, too many fields, a signature that is not ours."""
    return _answer(request, 400, "invalid", _("This cannot be taken."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form that is not from a page of ours."""
    return _answer(
        request, 403, "forbidden", _("This form is too old, or not from here. Load it again.")
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 in the form that the caller reads."""
    return _answer(request, 404, "not_found", _("There is nothing here."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; the report has been sent."""
    return _answer(request, 500, "server_error", _("Something went wrong on our side. Try again."))


def _answer(request: HttpRequest, status: int, code: str, sentence: str) -> HttpResponse:
    if request.path.startswith("/api"):
        return json_response({"code": code, "detail": sentence}, status=status)
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
