"""Structured logs: one line a request, nothing personal in it."""

import logging
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger("request")


def logging_settings(*, level: str, as_json: bool) -> None:
    """Configure structlog and send the standard library's loggers through it."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=False,
            # the rich one prints local variables
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            _wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    tail: list[structlog.types.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta
    ]
    if as_json:
        tail.append(structlog.processors.format_exc_info)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*tail, renderer])
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for quiet in (
        "PIL",
        "botocore",
        "urllib3",
        "httpx",
        "httpcore",
        "s3transfer",
        "django.request",
    ):
        logging.getLogger(quiet).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _wrap_for_formatter(
    logger: logging.Logger, name: str, words: structlog.types.EventDict
) -> tuple[tuple[structlog.types.EventDict], dict[str, Any]]:
    # The error also goes where the standard library keeps it: there error reports look for it.
    args, options = structlog.stdlib.ProcessorFormatter.wrap_for_formatter(logger, name, words)
    return args, {**options, "exc_info": words.get("exc_info")}


class RequestLogMiddleware:
    """Give each request an id (X-Request-ID), and log those that are slow, failed or forbidden."""

    slow_seconds = 1.0

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        request_id = uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
        finally:
            structlog.contextvars.clear_contextvars()
        response["X-Request-ID"] = request_id
        seconds = time.perf_counter() - started
        words = {
            "request_id": request_id,
            "method": request.method,
            "path": request.path,  # never the query: it may hold a signature
            "status": response.status_code,
            "seconds": round(seconds, 3),
        }
        if response.status_code >= 500 or seconds > self.slow_seconds:
            log.warning("request", **words)
        elif response.status_code == HTTPStatus.FORBIDDEN:
            user = getattr(request, "user", None)
            log.info("request.forbidden", user_id=user.pk if user else None, **words)
        return response
