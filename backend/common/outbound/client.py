"""Fetches addresses that users name, with a client that cannot reach our own network.

httpx follows redirects and inflates; where each hop may go, and how long it may take, is decided by
the transport under it (`common.outbound.transport`). Bytes and types are bounded here. Calls that
have a budget go through `common.outbound.calls`, which stands on this.
"""

import io
import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import httpcore
import httpx
import tenacity
from django.conf import settings
from django.utils.translation import gettext as _

from common.http.errors import AppError
from common.http.renderers import to_json
from common.outbound.transport import (
    AddressRefused,
    CheckedTransport,
    Connections,
    Deadline,
    Network,
    Reach,
    Resolve,
    resolve_host,
)

EVERYWHERE: tuple[Network, ...] = (
    ipaddress.ip_network("0.0.0.0/0"),
    ipaddress.ip_network("::/0"),
)

_TRY_AGAIN = {429, 500, 502, 503, 504}


class FetchFailed(AppError):
    """The other server does not answer in time, or answers with an error."""

    code = "fetch_failed"
    status = 502

    def __init__(self, *, wait_seconds: float | None = None, final: bool = True) -> None:
        super().__init__(_("The other site does not answer as it should. Try again later."))
        self.wait_seconds = wait_seconds
        self.is_final = final


class AnswerRefused(AppError):
    """The answer is too large, or not of an accepted type."""

    code = "fetch_refused"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("What stands at this address is too large or of another type."))


@dataclass(frozen=True)
class Fetched:
    """A fetched answer: its address after redirects, its type without parameters, its size."""

    url: str
    content_type: str
    bytes: int


@dataclass(frozen=True)
class OutboundClient:
    """Fetches within limits. `allowed_networks` may be reached although they are not public."""

    user_agent: str
    ports: Collection[int] | None = (80, 443)  # None: any
    allowed_networks: Sequence[Network] = ()
    total_seconds: float = 20.0
    step_seconds: float = 8.0  # connecting, or waiting for the next bytes
    max_redirects: int = 3
    attempts: int = 3
    wait_seconds: float = 0.5
    resolve: Resolve = resolve_host
    connections: Connections | None = None  # None: new ones for each fetch

    def fetch(
        self, url: str, *, max_bytes: int, content_types: Collection[str]
    ) -> tuple[Fetched, bytes]:
        """GET `url` into memory; see `fetch_into`."""
        body = io.BytesIO()
        fetched = self.fetch_into(url, body, max_bytes=max_bytes, content_types=content_types)
        return fetched, body.getvalue()

    def fetch_into(
        self, url: str, file: BinaryIO, *, max_bytes: int, content_types: Collection[str]
    ) -> Fetched:
        """GET `url` and write its body into `file`, from its start.

        Raises AddressRefused, AnswerRefused or FetchFailed. Tried again where another try may
        help, within `total_seconds` for all of it.
        """
        deadline = Deadline(self.total_seconds, self.step_seconds)
        headers = {"Accept": ", ".join(sorted(content_types)), "Accept-Encoding": "gzip"}

        def get_once() -> Fetched:
            file.seek(0)
            file.truncate()
            with self.ask(deadline, "GET", url, headers=headers) as answer:
                content_type = _refuse_unasked(answer, max_bytes, content_types)
                size = write_body(answer, file, max_bytes)
                return Fetched(str(answer.url.copy_with(fragment=None)), content_type, size)

        for attempt in self._tries(deadline):
            with attempt:
                fetched = get_once()
        return fetched

    def post_json(self, url: str, value: Any) -> None:
        """POST `value` once; raises FetchFailed unless the answer is a 2xx."""
        deadline = Deadline(self.total_seconds, self.step_seconds)
        headers = {"Content-Type": "application/json"}
        options = {"content": to_json(value), "follow_redirects": False}
        with self.ask(deadline, "POST", url, headers=headers, **options) as answer:
            if not answer.is_success:
                raise FetchFailed

    def _tries(self, deadline: Deadline) -> Iterable[tenacity.AttemptManager]:
        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait_seconds if isinstance(error, FetchFailed) else None
            if asked is not None:
                return asked
            return float(self.wait_seconds * 2 ** (state.attempt_number - 1))

        def is_over(state: tenacity.RetryCallState) -> bool:
            # No wait begins that would end too late.
            return state.attempt_number >= self.attempts or wait(state) >= deadline.left()

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, FetchFailed) and not error.is_final
            ),
            stop=is_over,
            wait=wait,
            reraise=True,
        )

    @contextmanager
    def ask(
        self, deadline: Deadline, method: str, url: str, **options: Any
    ) -> Iterator[httpx.Response]:
        """Send one request, once; errors of the network become FetchFailed."""
        over = self.connections or Connections(self._reach())
        is_kept = self.connections is not None
        client = httpx.Client(
            transport=CheckedTransport(deadline, over, keep=is_kept),
            trust_env=False,
            follow_redirects=True,
            max_redirects=self.max_redirects,
            headers={
                "User-Agent": self.user_agent,
                "Connection": "keep-alive" if is_kept else "close",
            },
        )
        try:
            with client, client.stream(method, url, **options) as answer:
                yield answer
        except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise AddressRefused from error
        except (
            httpx.HTTPError,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            OSError,
            ValueError,  # an invalid Content-Length
        ) as error:
            raise FetchFailed(final=isinstance(error, ValueError)) from error

    def _reach(self) -> Reach:
        return Reach(
            ports=None if self.ports is None else frozenset(self.ports),
            allowed_networks=tuple(self.allowed_networks),
            resolve=self.resolve,
        )


def outbound_client() -> OutboundClient:
    """Return the client for addresses that users and other servers name."""
    if settings.OUTBOUND_ALLOW_PRIVATE:
        return operators_client(total_seconds=20.0)
    return OutboundClient(user_agent=user_agent(), ports=settings.OUTBOUND_PORTS)


def operators_client(*, total_seconds: float = 10.0) -> OutboundClient:
    """Return the client for addresses that only the settings name: they may be private."""
    return OutboundClient(
        user_agent=user_agent(),
        ports=None,
        allowed_networks=EVERYWHERE,
        total_seconds=total_seconds,
    )


def user_agent() -> str:
    """Return our name, and where whoever runs the other server can complain."""
    return f"MangaKG (+{settings.OUTBOUND_CONTACT})"


def _refuse_unasked(answer: httpx.Response, max_bytes: int, content_types: Collection[str]) -> str:
    """Return the type of the answer; raises AnswerRefused or FetchFailed."""
    told = answer.headers
    if answer.status_code != 200:
        is_final = answer.status_code not in _TRY_AGAIN
        seconds = _retry_after(told.get("retry-after", ""))
        raise FetchFailed(wait_seconds=seconds, final=is_final)
    content_type = str(told.get("content-type", "")).partition(";")[0].strip().lower()
    if content_type not in content_types:
        raise AnswerRefused
    refuse_large(answer, max_bytes)
    return content_type


def refuse_large(answer: httpx.Response, max_bytes: int) -> None:
    """Raise AnswerRefused where the headers say already that the body cannot be taken."""
    told = answer.headers
    if int(told.get("content-length", "0")) > max_bytes:
        raise AnswerRefused
    # A gzip within a gzip can grow a million times.
    if told.get("content-encoding", "identity").strip().lower() not in {"gzip", "identity"}:
        raise AnswerRefused


def write_body(answer: httpx.Response, file: BinaryIO, max_bytes: int) -> int:
    """Write the inflated body and return its size; raises AnswerRefused where it is too large."""
    size = 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if size > max_bytes:
            raise AnswerRefused
        file.write(chunk)
    # A gzip ends with the size of its content; httpx accepts one that is cut.
    is_packed = "gzip" in answer.headers.get("content-encoding", "").lower()
    if is_packed and int.from_bytes(answer.extensions["tail"], "little") != size:
        raise FetchFailed(final=False)
    return size


def _retry_after(text: str) -> float | None:
    """Return the seconds of a Retry-After; None for a date, which few send."""
    return float(text) if re.fullmatch(r"[0-9]{1,6}", text.strip()) else None
