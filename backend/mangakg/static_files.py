"""Static files: collected only when one has changed, so that a warm start need not wait; served."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from mangakg.web_app import build_version


def collect_static_files() -> bool:
    """Collect into STATIC_ROOT; False where what is there is current."""
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
    """WhiteNoise, which looks through the folders once, for a web app that may be built anew."""

    def __init__(self, get_response: Any) -> None:
        self._version = build_version()
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve a file of the build that is there now; one of an older build is not found."""
        path = request.path_info
        if path in self.files or path.startswith("/_app/"):
            version = build_version()
            if version != self._version:
                self._version = version
                self.add_files(settings.WHITENOISE_ROOT)
            if path in self.files:
                with suppress(FileNotFoundError):  # it went with an older build
                    response: HttpResponseBase = self.serve(self.files[path], request)
                    return response
        answer: HttpResponseBase = self.get_response(request)
        return answer
