"""Settings under which plain views answer the same bytes, to compare the lists with.

The middleware, the server and its command line are the real ones.
"""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import path

from mangakg.settings import *  # noqa: F403
from mangakg.settings import DATA_FOLDER

ROOT_URLCONF = "bench.bare"
BODIES = Path(DATA_FOLDER) / "bodies"
_bodies: dict[str, bytes] = {}


def answer_bytes(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a stored body of the real view, compressed as it was."""
    if name not in _bodies:
        _bodies[name] = (BODIES / name).read_bytes()
    body = _bodies[name]
    response = HttpResponse(body, content_type="application/json")
    response["Content-Length"] = str(len(body))
    response["Content-Encoding"] = "gzip"
    return response


urlpatterns = [path("bare/<name>", answer_bytes)]
