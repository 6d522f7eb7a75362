"""What no honest client sends is refused before anything reads it."""

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

# Words and boundaries around an archive.
_FORM_BYTES = 2**20
_ADMIN = "/admin/"
_MAX_DIGITS = 15


class BodyLimitMiddleware:
    """A body without a length, in a charset of its own, or longer than we take from this person."""

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
        except BodyAwaited:  # whoever reads it says by that that it is wanted
            return HttpResponse(status=100)

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], *_place: object
    ) -> HttpResponse | None:
        """Refuse a long body while nobody has read it.

        The check of the forms' tokens, whose turn is after ours, reads the whole form onto the
        disk to find the token in it: also a stranger's, and for a view that wants no form. A view
        that it passes by is the API's, and says itself how much it takes and from whom.
        """
        if getattr(view, "csrf_exempt", False):
            return None
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        max_bytes: int = settings.API_MAX_BODY_BYTES
        if length > max_bytes and _is_page_for(request):
            max_bytes = settings.UPLOAD_LIMITS["max_archive_bytes"] + _FORM_BYTES
        return answer_error(BodyTooLarge(max_bytes)) if length > max_bytes else None


def _is_page_for(request: HttpRequest) -> bool:
    """True for the admin's pages, and who is in: the first of two steps has a session as well.

    Not by `request.user`, which would stay what it is now until the last byte is here.
    """
    user = get_user(request) if request.path.startswith(_ADMIN) else None
    return isinstance(user, User) and user.can_enter_admin


def _refusal_of(request: HttpRequest, length: str) -> HttpResponse | None:
    # Nobody has looked yet which language is asked for.
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
        # One that comes in pieces would be taken for an empty one.
        raise AppError(_("Send the body's length with it."), code="length_required", status=411)
    try:
        refuse_charset(request)
    except UnsupportedMediaType as error:
        raise AppError(
            _("Write the body in UTF-8."), code="unsupported_media_type", status=415
        ) from error
