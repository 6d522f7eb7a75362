"""/metrics is for who watches over the house, not for visitors."""

import pytest

from tests.cast import client_of

pytestmark = pytest.mark.django_db


def test_this_machine_reads_the_metrics():
    answer = client_of(None).get("/metrics", REMOTE_ADDR="127.0.0.1")

    assert answer.status_code == 200
    assert b"python_info" in answer.content


def test_a_visitor_finds_no_metrics():
    assert client_of(None).get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 404


def test_with_a_token_only_its_holder_reads_them(settings):
    settings.METRICS_TOKEN = "a-token-for-prometheus"

    answers = [
        client_of(None).get("/metrics", HTTP_AUTHORIZATION=f"Bearer {token}").status_code
        for token in ("a-token-for-prometheus", "another")
    ]

    assert answers == [200, 404]
