"""Services that fail under real processes: storage, Redis, and two releases at once."""

import gzip
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.processes.breakable import BreakableProxy
from tests.processes.conftest import PAGES
from tests.processes.installation import BACKEND, SERIES, Installation
from tests.reader.archive_builders import make_chapter_zip
from tests.services import OwnRedis, find_postgres, make_database, wait_for

pytestmark = pytest.mark.services


@pytest.fixture
def reports() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that takes Sentry's envelopes: its DSN, and the events so far."""
    events: list[dict[str, Any]] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            for line in body.splitlines():
                part = json.loads(line)
                if "event_id" in part and "level" in part:
                    events.append(part)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://key@127.0.0.1:{server.server_port}/1", events
    server.shutdown()
    server.server_close()


def test_storage_that_fails_is_told_at_submission_and_tried_again_by_the_worker(
    services: Installation,
    chapter_zip: bytes,
    reports: tuple[str, list[dict[str, Any]]],
) -> None:
    assert services.s3 is not None
    dsn, events = reports
    with BreakableProxy(services.s3.port) as proxy, services.client() as anybody:
        services.extra_env = {**services.extra_env, "S3_ENDPOINT_URL": proxy.url, "SENTRY_DSN": dsn}
        services.hold_storage()
        services.release_storage()
        services.start()
        proxy.break_down()
        with services.client("uli") as uli:
            answer = uli.post(
                f"/api/series/{SERIES}/chapters",
                data={"number": "1"},
                files={"file": ("chapter.zip", chapter_zip)},
            )
        assert answer.status_code == 503, answer.text
        assert answer.json()["code"] == "storage_unavailable"
        assert services.rows("SELECT count(*) FROM reader_upload") == [(0,)]
        assert anybody.get("/readyz").json()["storage"] == "failed"
        assert anybody.get("/healthz").status_code == 200
        proxy.repair()
        services.hold_storage()
        upload = services.submit(chapter_zip)
        wait_for("first pages", lambda: len(services.stored("quarantine")) > 8)

        proxy.break_down()
        services.release_storage()
        wait_for("the worker to notice", lambda: "extraction.storage_failed" in services.logs())
        proxy.repair()
        services.wait_for_state(upload, "awaiting_review")

        assert len(services.stored("quarantine")) == PAGES + 1
        told = wait_for("reports of the worker", lambda: [e for e in events if in_worker(e)])
        assert not re.search(r"\buli\b", json.dumps(told))
        assert "only-for-tests" not in json.dumps(told)
    services.stop()


def in_worker(event: dict[str, Any]) -> bool:
    return "extraction.storage_failed" in json.dumps(event)


def test_a_redis_that_is_killed_and_started_again_loses_no_work(
    services: Installation, chapter_zip: bytes, tmp_path: Path
) -> None:
    redis = OwnRedis(tmp_path)
    redis.start()
    try:
        services.extra_env = {**services.extra_env, "REDIS_URL": redis.url}
        services.hold_storage()
        services.start()
        first = services.submit(chapter_zip, number=1)
        wait_for("first pages", lambda: len(services.stored("quarantine")) > 8)
        second = services.submit(make_chapter_zip(pages=3, seed=7), number=2)

        redis.kill()
        services.release_storage()
        services.wait_for_state(first, "awaiting_review")
        with services.client() as anybody:
            assert anybody.get("/readyz").json()["queue"] == "failed"
        third = services.submit(make_chapter_zip(pages=3, seed=8), number=3)
        redis.start()

        services.wait_for_state(second, "awaiting_review")
        services.wait_for_state(third, "awaiting_review")
        fourth = services.submit(make_chapter_zip(pages=3, seed=9), number=4)
        services.wait_for_state(fourth, "awaiting_review")
        services.stop()
    finally:
        redis.kill()


def test_two_releases_at_once_both_succeed(services: Installation, services_template: str) -> None:
    postgres = find_postgres()
    assert postgres is not None
    empty = make_database(postgres, f"{services_template}_race")
    services.extra_env = {**services.extra_env, "DATABASE_URL": empty}
    command = [sys.executable, "manage.py", "release"]

    both = [
        subprocess.Popen(command, cwd=BACKEND, env=services.env, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]

    assert [one.wait(timeout=600) for one in both] == [0, 0]
    assert services.rows("SELECT count(*) FROM django_migrations WHERE app = 'reader'")[0][0] >= 1


def test_only_the_web_pools_its_connections(services: Installation) -> None:
    services.start()
    upload = services.submit(make_chapter_zip(pages=2))
    services.wait_for_state(upload, "awaiting_review")

    connections = dict(
        services.rows(
            "SELECT application_name, count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() GROUP BY application_name"
        )
    )

    # One a process: neither a pool's spare ones nor one that the parent of the workers opened.
    assert connections.get("worker", 0) <= 1
    assert connections.get("extraction", 0) <= 1
    assert connections.get("variants", 0) <= 1
    assert 1 <= connections["web"] <= 4
    services.stop()
