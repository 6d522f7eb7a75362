"""The WSGI application."""

import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mangakg.settings")
_django = get_wsgi_application()

from django.conf import settings  # noqa: E402 (settings need the line above)

_HEALTH = ("/healthz", "/readyz")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request; health checks call this machine by its address, not by a host name."""
    if environ.get("PATH_INFO", "").rstrip("/") in _HEALTH and "*" not in settings.ALLOWED_HOSTS:
        environ["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].removeprefix(".")
    return _django(environ, start_response)
