"""What a browser may do with each of our answers: one place for every header that says so.

No policy allows anything inline. An answer that has its own policy keeps it: pictures
(`common.http.file_responses`) and the web app's shell (`mangakg.web_app`).
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Policy = dict[str, str]

# For what is data, or a sentence: nothing in it is ever run, shown or framed.
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
    """Stands first, so that redirects, static files and answers of last resort have them too."""

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
    """Return such as https://cdn.example, or nothing for a path of our own."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def picture_sources() -> str:
    """Return where pictures come from: ourselves, and the bucket or CDN where there is one."""
    return _sources("data:", settings.MEDIA_URL, settings.S3_ENDPOINT_URL)


def write_policy(directives: Policy) -> str:
    """Return the header's value."""
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
    # A worker is held to the policy of its own file.
    static = {"default-src": "'self'", **_ALWAYS}
    return (
        ("/api/docs", write_policy(api_docs)),
        ("/api/", NOTHING),
        ("/admin/", write_policy(admin)),
        (settings.STATIC_URL, write_policy(static)),
        ("/_app/", write_policy(static)),
        ("/service-worker.js", write_policy(static)),
    )
