"""What Django and DRF raise becomes one family with codes."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions

from common.http.errors import AppError, Throttled, answer_error, as_app_error


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (Http404(), "not_found", 404),
        (PermissionDenied(), "forbidden", 403),
        (SuspiciousOperation(), "invalid", 400),
        (exceptions.NotFound(), "not_found", 404),
        (exceptions.NotAuthenticated(), "not_authenticated", 401),
        (exceptions.AuthenticationFailed(), "invalid_token", 401),
        (exceptions.MethodNotAllowed("GET"), "method_not_allowed", 405),
        (exceptions.NotAcceptable(), "not_acceptable", 406),
        (exceptions.UnsupportedMediaType("a/b"), "unsupported_media_type", 415),
        (exceptions.ParseError(), "invalid", 400),
        (exceptions.Throttled(wait=7.5), "throttled", 429),
        (AppError("x", code="quota", status=429), "quota", 429),
    ],
)
def test_every_expected_error_has_its_code(error, code, status):
    known = as_app_error(error)

    assert known is not None
    assert (known.code, known.status) == (code, status)


def test_a_bug_stays_a_bug():
    assert as_app_error(ValueError("surprise")) is None


def test_nested_fields_are_named_by_their_path():
    error = as_app_error(
        exceptions.ValidationError({"a": ["x"], "b": {"c": ["y"]}, "d": [{}, {"e": ["z"]}]})
    )

    assert error is not None
    assert error.body()["fields"] == {"a": ["x"], "b.c": ["y"], "d.1.e": ["z"]}
    assert error.body()["detail"] == "x"


def test_headers_say_what_the_status_means():
    assert answer_error(Throttled(9))["Retry-After"] == "9"
    assert answer_error(AppError("x", status=401))["WWW-Authenticate"] == "Bearer"
