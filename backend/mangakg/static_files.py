"""Collects static files when one has changed, so that other starts do not wait; serves them."""

import hashlib
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from mangakg.web_build import build_version


def collect_static_files() -> bool:
    """Collect static files into STATIC_ROOT; return False if they are current."""
    mark = Path(settings.STATIC_ROOT) / ".collected"
    fingerprint = _fingerprint()
    if mark.exists() and mark.read_text() == fingerprint:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    mark.write_text(fingerprint)
    return True


def _fingerprint() -> str:
    digest = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list(None):
            state = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, which scans its folders at start, but finds a new build of the web app too.

    If the build has stored Brotli and gzip files beside a file, it serves the one that the client
    accepts.
    """

    FOREVER = 365 * 86_400

    def __init__(self, get_response: Any) -> None:
        self._version = build_version()
        self._lock = Lock()
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve a file of the current build; a deleted file of an older build is not found."""
        path = request.path_info
        if path in self.files or path.startswith("/_app/"):
            self._add_new_build()
            if path in self.files:
                with suppress(FileNotFoundError):  # a file of an older build, which is deleted
                    response: HttpResponseBase = self.serve(self.files[path], request)
                    return response
        answer: HttpResponseBase = self.get_response(request)
        return answer

    def _add_new_build(self) -> None:
        version = build_version()
        if version == self._version:
            return
        # A page requests many files at once: all requests wait until the files are known.
        with self._lock:
            if version != self._version:
                self.add_files(settings.WHITENOISE_ROOT)
                self._version = version

    def immutable_file_test(self, path: str, url: str) -> bool:
        """Return True for a file whose name changes with its content."""
        is_ours = url.startswith("/_app/immutable/")
        return is_ours or bool(super().immutable_file_test(path, url))
