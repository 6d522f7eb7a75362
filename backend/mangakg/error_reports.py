"""Error reports to Sentry, with nothing personal in them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_KEPT_REQUEST_HEADERS = {"accept", "content-type", "content-length", "user-agent", "x-request-id"}
_KEPT_WORDS = {"upload_id", "chapter_id", "title_id", "request_id", "task", "pk", "queue"}


def scrub_event(event: "Event", hint: "Hint") -> "Event":
    """Keep what explains a fault; drop the user and what they sent."""
    event.pop("user", None)
    event.pop("server_name", None)
    request: dict[str, Any] = dict(event.get("request", {}))
    if request:
        headers = dict(request.get("headers", {}))
        request = {
            "method": request.get("method"),
            "url": str(request.get("url", "")).split("?")[0],
        }
        request["headers"] = {
            k: v for k, v in headers.items() if k.lower() in _KEPT_REQUEST_HEADERS
        }
        event["request"] = request
    event.pop("breadcrumbs", None)  # SQL and outbound addresses
    for error in event.get("exception", {}).get("values", []):
        # The type and the place explain the fault. The message may hold anything: the name of a
        # file, the row that a constraint refused, an address.
        error["value"] = ""
        for frame in (error.get("stacktrace") or {}).get("frames", []):
            frame.pop("vars", None)
    _scrub_log_entry(event, hint)
    return event


def _scrub_log_entry(event: "Event", hint: "Hint") -> None:
    record = hint.get("log_record")
    words: dict[str, Any] = record.msg if record and isinstance(record.msg, dict) else {}
    event["extra"] = {key: value for key, value in words.items() if key in _KEPT_WORDS}
    event.pop("message", None)
    if event.pop("logentry", None):
        # The event of structlog's entries; of others the message without its arguments.
        template = str(record.msg) if record and record.args else ""
        event["logentry"] = {"message": str(words.get("event", template))}


def start_error_reports(*, dsn: str, environment: str) -> None:
    """Start Sentry where SENTRY_DSN is set."""
    if not dsn:
        return
    # Importing it takes a tenth of every start, which installations without Sentry save.
    import sentry_sdk  # noqa: PLC0415
    from sentry_sdk.integrations.celery import CeleryIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.django import DjangoIntegration  # noqa: PLC0415

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        integrations=[DjangoIntegration(), CeleryIntegration()],
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        traces_sample_rate=0.0,
        before_send=scrub_event,
    )
