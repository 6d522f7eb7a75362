"""Sets the headers that say what a browser may do with our answers, all in one place.

No policy allows anything inline. An answer that has its own policy keeps it: pictures
(`common.http.file_responses`) and the web app's pages (`mangakg.web_app`).
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Policy = dict[str, str]

# For answers that are data or plain text: nothing in them may be run, loaded or framed.
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ALWAYS: Policy = {"object-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'"}
_HEADERS = {
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
    "X-Content-Type-Options": "nosniff",
}


class HeadersMiddleware:
    """Sets the headers; it is the outermost middleware, so that every answer gets them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._policies = _policies_by_path()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if "Content-Security-Policy" not in headers:
            headers["Content-Security-Policy"] = self._policy_of(request.path)
        return response

    def _policy_of(self, path: str) -> str:
        for start, policy in self._policies:
            if path.startswith(start):
                return policy
        return NOTHING


def origin_of(url: str) -> str:
    """Return an origin such as https://cdn.example, or nothing for a path on this site."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def picture_sources() -> str:
    """Return the sources of pictures: this site, and the bucket or CDN if there is one."""
    return _sources("data:", settings.MEDIA_URL, settings.S3_ENDPOINT_URL)


def write_policy(directives: Policy) -> str:
    """Return the value of the Content-Security-Policy header."""
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _sources(*more: str) -> str:
    named = [origin_of(one) or one for one in more if "/" not in one or origin_of(one)]
    return " ".join(dict.fromkeys(["'self'", *filter(None, named)]))


def _policies_by_path() -> tuple[tuple[str, str], ...]:
    files = settings.S3_ENDPOINT_URL if settings.STATIC_TO_S3 else ""
    ours = _sources(files)
    code = {"script-src": ours, "style-src": ours}
    admin = {
        "default-src": "'self'",
        **code,
        "img-src": picture_sources(),
        "form-action": "'self'",
        **_ALWAYS,
    }
    api_docs = {
        "default-src": "'none'",
        **code,
        "img-src": _sources("data:", files),
        "connect-src": "'self'",
        "form-action": "'none'",
        **_ALWAYS,
    }
    # A web worker obeys the policy of its own script file.
    static = {"default-src": "'self'", **_ALWAYS}
    return (
        ("/api/docs", write_policy(api_docs)),
        ("/api/", NOTHING),
        ("/admin/", write_policy(admin)),
        (settings.STATIC_URL, write_policy(static)),
        ("/_app/", write_policy(static)),
        ("/service-worker.js", write_policy(static)),
    )
