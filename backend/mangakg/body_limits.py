"""Bodies that no honest client sends are refused before anything reads them."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from rest_framework.exceptions import UnsupportedMediaType

from accounts.models import User
from common.http.errors import AppError, answer_error
from common.http.parsers import BodyTooLarge, refuse_charset
from mangakg.request_bodies import REFUSAL, BodyAwaited

# The other fields and the boundaries around an archive.
_FORM_BYTES = 2**20
_ADMIN = "/admin/"
_MAX_DIGITS = 15


class BodyLimitMiddleware:
    """Refuses a body without a length, in another charset, or too long for this user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH")
        if length or "HTTP_TRANSFER_ENCODING" in request.META:
            refusal = _refusal_of(request, length or "")
            if refusal is not None:
                return refusal
        try:
            return self.get_response(request)
        except BodyAwaited:  # the view tried to read the body, so it is wanted
            return HttpResponse(status=100)

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], *_place: object
    ) -> HttpResponse | None:
        """Refuse a long body before it is read.

        Django's CSRF check, which comes next, reads the whole form onto the disk to find its token,
        even a guest's, and for a view that wants no form. Views without that check belong to the
        API, and limit their bodies themselves.
        """
        if getattr(view, "csrf_exempt", False):
            return None
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        max_bytes: int = settings.API_MAX_BODY_BYTES
        if length > max_bytes and _is_page_for(request):
            max_bytes = settings.UPLOAD_LIMITS["max_archive_bytes"] + _FORM_BYTES
        return answer_error(BodyTooLarge(max_bytes)) if length > max_bytes else None


def _is_page_for(request: HttpRequest) -> bool:
    """Return True for a page of the admin and a user who is logged in there.

    A session alone is not enough: the first step of a login has one too. Not by `request.user`,
    which would be kept as it is now until the last byte has come.
    """
    user = get_user(request) if request.path.startswith(_ADMIN) else None
    return isinstance(user, User) and user.can_enter_admin


def _refusal_of(request: HttpRequest, length: str) -> HttpResponse | None:
    # The language of the request has not been set yet.
    with translation.override(translation.get_language_from_request(request)):
        try:
            _refuse_odd_body(request, length)
        except AppError as error:
            return answer_error(error)
    return None


def _refuse_odd_body(request: HttpRequest, length: str) -> None:
    if REFUSAL in request.META:
        raise request.META[REFUSAL]
    if not (length.isascii() and length.isdigit() and len(length) <= _MAX_DIGITS):
        # Django would take a chunked body for an empty one.
        raise AppError(_("Send the body's length with it."), code="length_required", status=411)
    try:
        refuse_charset(request)
    except UnsupportedMediaType as error:
        raise AppError(
            _("Write the body in UTF-8."), code="unsupported_media_type", status=415
        ) from error
