"""/healthz (alive) and /readyz (database, cache, queue, storage, each named)."""

import secrets
import time
from collections.abc import Callable
from threading import Lock

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.files.storages import media_storage, quarantine_storage
from common.http.renderers import json_response
from common.http.shared_cache import shared_cache
from common.work.background import celery_app
from mangakg.worker import is_worker_alive

log = structlog.get_logger(__name__)

# Any client may ask, and checking costs: two files in the buckets, a connection to the broker.
_KEPT_SECONDS = 5
_PATIENCE_SECONDS = 2


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200: this process is alive."""
    return json_response({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Tell which parts worked at most five seconds ago; 503 where one did not."""
    parts = _parts.states()
    is_ready = all(state == "ok" for state in parts.values())
    body = {"status": "ok" if is_ready else "unavailable", **parts}
    return json_response(body, status=200 if is_ready else 503)


class Parts:
    """The states of the parts: checked by one thread at a time, and kept for a while."""

    def __init__(self) -> None:
        self._trying = Lock()
        self._states: dict[str, str] = {}
        self._kept_until = 0.0

    def states(self) -> dict[str, str]:
        """Return "ok" or "failed" by the part's name, checked anew unless another thread just did.

        Other threads wait for the check, but not for a part that hangs: it counts as failed.
        """
        if time.monotonic() >= self._kept_until:
            if self._trying.acquire(timeout=_PATIENCE_SECONDS):
                try:
                    self._try_all()
                finally:
                    self._trying.release()
            else:
                self._kept_until = time.monotonic() + _KEPT_SECONDS
        return dict(self._states)

    def _try_all(self) -> None:
        if time.monotonic() < self._kept_until:  # the thread that was waited for has done it
            return
        self._states = dict.fromkeys(_CHECKS, "failed")
        for name, check in _CHECKS.items():
            self._states[name] = _try_part(name, check)
        self._kept_until = time.monotonic() + _KEPT_SECONDS


_parts = Parts()


def _try_part(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:
        log.exception("not_ready", part=name)
        return "failed"
    return "ok"


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _check_cache() -> None:
    key, value = "ready", secrets.token_bytes(8)
    shared_cache().put(key, value, 10)
    if shared_cache().get(key) is None:
        raise RuntimeError("the cache keeps nothing")


def _check_queue() -> None:
    if settings.CELERY_BROKER_URL:
        with celery_app().connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    elif not is_worker_alive():
        raise RuntimeError("no worker runs")


def _check_storage() -> None:
    for storage in (media_storage(), quarantine_storage()):
        name = f"ready/{secrets.token_hex(8)}"
        storage.save(name, ContentFile(b"ready"))
        storage.delete(name)


_CHECKS = {
    "database": _check_database,
    "cache": _check_cache,
    "queue": _check_queue,
    "storage": _check_storage,
}
