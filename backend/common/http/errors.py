"""The errors that users see are one family, answered as `{"code", "detail", "fields"?}`.

Codes are listed in `docs/errors.md`; they are never renamed and never reused.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from common.http.renderers import json_response


class AppError(Exception):
    """An expected failure with a stable code, a sentence for users and an HTTP status."""

    code = "invalid"
    status = 400
    challenge = "Bearer"  # the WWW-Authenticate header of a 401

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        fields: Mapping[str, list[str]] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.fields = fields
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """Return the body of the API's answer."""
        body: dict[str, Any] = {"code": self.code, "detail": str(self.message), **self.extra}
        if self.fields:
            body["fields"] = {
                name: [str(text) for text in texts] for name, texts in self.fields.items()
            }
        return body


class Invalid(AppError):
    """The input cannot be accepted; `fields` says which parts and why."""


class NotFound(AppError):
    code = "not_found"
    status = 404


class Forbidden(AppError):
    code = "forbidden"
    status = 403


class AlreadyDecided(AppError):
    """Another request changed the row first."""

    code = "already_decided"
    status = 409


class Throttled(AppError):
    """Too many requests; `retry_after_seconds` goes into the Retry-After header."""

    code = "throttled"
    status = 429

    def __init__(self, retry_after_seconds: int, **options: Any) -> None:
        message = _("Too many requests. Try again in %(seconds)d s.") % {
            "seconds": retry_after_seconds
        }
        super().__init__(message, **options)
        self.retry_after_seconds = retry_after_seconds


def _retry_after(error: AppError) -> int | None:
    """Return the seconds after which to ask again, of errors that know them."""
    seconds: int | None = getattr(error, "retry_after_seconds", None)
    return seconds


def answer_error(error: AppError) -> HttpResponse:
    """Return the plain Django answer to `error`, for views outside DRF."""
    response = json_response(error.body(), status=error.status)
    if (seconds := _retry_after(error)) is not None:
        response["Retry-After"] = str(seconds)
    if error.status == 401:
        response["WWW-Authenticate"] = error.challenge
    return response


def _flatten(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            found |= _flatten(inner, f"{prefix}.{name}" if prefix else str(name))
        return found
    if isinstance(detail, list):
        if any(isinstance(inner, dict | list) for inner in detail):
            found = {}
            for index, inner in enumerate(detail):
                if inner:
                    found |= _flatten(inner, f"{prefix}.{index}")
            return found
        return {prefix or "non_field_errors": [str(text) for text in detail]}
    return {prefix or "non_field_errors": [str(detail)]}


def invalid_fields(error: exceptions.ValidationError) -> Invalid:
    """Return the Invalid for an error of DRF's serializers."""
    fields = _flatten(error.detail)
    return Invalid(next(iter(fields.values()), [_("This cannot be taken.")])[0], fields=fields)


def as_app_error(error: Exception) -> AppError | None:
    """Return the AppError for an error of Django or DRF; None for an unexpected one."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, exceptions.ValidationError):
        return invalid_fields(error)
    if isinstance(error, exceptions.Throttled):
        return Throttled(max(1, int(getattr(error, "wait", None) or 1)))
    if isinstance(error, Http404 | exceptions.NotFound):
        return NotFound(_("There is nothing here."))
    if isinstance(error, exceptions.NotAuthenticated):
        return AppError(_("Log in first."), code="not_authenticated", status=401)
    if isinstance(error, exceptions.AuthenticationFailed):
        return AppError(str(error.detail), code="invalid_token", status=401)
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        return Forbidden(_("You may not do this."))
    if isinstance(error, RequestDataTooBig):
        return AppError(_("The request is too large."), code="body_too_large", status=413)
    if isinstance(error, SuspiciousOperation):  # too many fields or files
        return Invalid(_("This cannot be taken."))
    if isinstance(error, exceptions.APIException):
        code = {405: "method_not_allowed", 406: "not_acceptable", 415: "unsupported_media_type"}
        return AppError(
            str(error.detail), code=code.get(error.status_code, "invalid"), status=error.status_code
        )
    return None


def answer_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception for DRF; None leaves an unexpected one to Django."""
    known = as_app_error(error)
    if known is None:
        return None
    headers = {}
    if (seconds := _retry_after(known)) is not None:
        headers["Retry-After"] = str(seconds)
    if known.status == 401:
        headers["WWW-Authenticate"] = known.challenge
    return Response(known.body(), status=known.status, headers=headers)
