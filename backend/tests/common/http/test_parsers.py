"""Bodies as nobody should send them: each is refused with a code, none with a 5xx."""

import json

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from common.http.parsers import MAX_DEPTH

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Echo(APIView):
    """Answers what it was sent."""

    authentication_classes = ()
    throttle_classes = ()
    max_body_bytes = 2_000

    def post(self, request):
        return Response(request.data)


def send(body: bytes | str, content_type: str = JSON, **extra: str):
    request = APIRequestFactory().generic("POST", "/", body, content_type=content_type, **extra)
    return Echo.as_view()(request)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_what_is_in_order_arrives():
    assert send('{"a": ["ң", 1, null]}').data == {"a": ["ң", 1, None]}
    assert send('{"a": 1}', f"{JSON}; charset=UTF-8").data == {"a": 1}
    assert send("a=%D2%A3&b=1", FORM).data["a"] == "ң"


def test_of_a_key_that_stands_twice_the_last_one_counts():
    assert send('{"a": 1, "a": 2}').data == {"a": 2}


@pytest.mark.parametrize(
    "body",
    [
        " ", "{", "NaN", '{"a": Infinity}', "1e999", '"\\ud800"', b'"\xff"', b'"\x00"',
        '{"a": "x\\u0000y"}', '{"\\u0000": 1}', '[["\\u0000"]]', nested(MAX_DEPTH + 1),
        nested(990), '{"a":' * 200 + "1" + "}" * 200, b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"), '{"a": 1} {"a": 2}', "{'a': 1}",
    ],
)  # fmt: skip
def test_what_is_no_plain_json_is_refused(body):
    answer = send(body)

    assert answer.status_code == 400
    assert answer.data["code"] == "invalid"


def test_depth_is_counted_and_not_the_number_of_brackets():
    assert send(nested(MAX_DEPTH)).status_code == 200
    assert send(json.dumps([[], {}] * 100)).status_code == 200
    assert send('{"a": "' + "[" * 100 + '"}').status_code == 200
    assert send('{"a": "a backslash: \\\\u0000"}').status_code == 200


@pytest.mark.parametrize("content_type", [JSON, FORM, "multipart/form-data; boundary=x"])
def test_a_long_body_is_refused_by_its_length(content_type):
    answer = send(b"1" * 2_001, content_type)

    assert answer.status_code == 413
    assert answer.data["code"] == "body_too_large"


@pytest.mark.parametrize("content_type", [JSON, FORM])
@pytest.mark.parametrize("length", ["3000", "2001"])
def test_a_length_that_lies_is_refused_as_it_says(content_type, length):
    assert send(b"{}", content_type, CONTENT_LENGTH=length).status_code == 413


@pytest.mark.parametrize("content_type", [JSON, FORM, "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("charset", ["utf-16", "koi8-r", "hex", "bz2_codec"])
def test_another_charset_is_refused(content_type, charset):
    answer = send(b"{}", f"{content_type}; charset={charset}")

    assert answer.status_code == 415
    assert answer.data["code"] == "unsupported_media_type"


def test_a_form_of_too_many_fields_is_refused(settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 20
    boundary = "multipart/form-data; boundary=x"
    part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'

    answers = [send("&".join(["a=1"] * 21), FORM), send(part * 21 + "--x--\r\n", boundary)]

    assert [(a.status_code, a.data["code"]) for a in answers] == [(400, "invalid")] * 2


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 300, "text/x"]
)
def test_a_form_without_its_boundary_and_a_foreign_type_are_refused(content_type):
    assert send("--x--", content_type).status_code in (400, 415)
