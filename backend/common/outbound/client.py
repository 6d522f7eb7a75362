"""Fetching what a user named: a client that cannot be led into our own network.

A name is resolved once, every address it has is checked, and the connection goes to one of exactly
those; redirects are followed by hand and checked again. Bytes, time and types are bounded, whatever
the other side does. `httpcore` is what httpx stands on; it alone lets us choose the address.
"""

import io
import ipaddress
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urljoin

import httpcore
import httpx
import tenacity
from django.conf import settings
from django.utils.translation import gettext as _

from common.http.errors import AppError
from common.http.renderers import to_json
from common.outbound.public_addresses import is_public_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
EVERYWHERE: tuple[Network, ...] = (
    ipaddress.ip_network("0.0.0.0/0"),
    ipaddress.ip_network("::/0"),
)

_TRY_AGAIN = {429, 500, 502, 503, 504}
_MOVED = {301, 302, 303, 307, 308}
_MAX_URL_LENGTH = 2_000
_CHUNK_BYTES = 64 * 1024
_NAME = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.IGNORECASE)
# A last label like these is a number to some resolvers: 0177.1, 0x7f000001, 2130706433.
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


class AddressRefused(AppError):
    """The address is no public one of the web, or leads to one that is not."""

    code = "address_refused"
    status = 400

    def __init__(self) -> None:
        super().__init__(_("This address cannot be fetched. Use a public http or https address."))


class FetchFailed(AppError):
    """The other side does not answer, or not in time, or with an error."""

    code = "fetch_failed"
    status = 502

    def __init__(self, *, retry_after_seconds: float | None = None, final: bool = True) -> None:
        super().__init__(_("The other site does not answer as it should. Try again later."))
        self.retry_after_seconds = retry_after_seconds
        self.is_final = final


class AnswerRefused(AppError):
    """What came is too large, or not of a type that was asked for."""

    code = "fetch_refused"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("What stands at this address is too large or of another type."))


@dataclass(frozen=True)
class Fetched:
    """What came: the address after redirects, its type without parameters, and how much."""

    url: str
    content_type: str
    bytes: int


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system's resolver knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class OutboundClient:
    """Fetches within bounds. `allowed_networks` may be reached though they are not public."""

    user_agent: str
    ports: Collection[int] | None = (80, 443)  # None: any
    allowed_networks: Sequence[Network] = ()
    total_seconds: float = 20.0
    step_seconds: float = 8.0  # connecting, or waiting for the next bytes
    max_redirects: int = 3
    attempts: int = 3
    wait_seconds: float = 0.5
    resolve: Callable[[str, int], list[str]] = field(default=resolve_host)

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
        deadline = _Deadline(self.total_seconds, self.step_seconds)

        def get_once() -> Fetched:
            file.seek(0)
            file.truncate()
            return self._get(url, file, deadline, max_bytes, frozenset(content_types))

        for attempt in self._tries(deadline):
            with attempt:
                fetched = get_once()
        return fetched

    def post_json(self, url: str, value: Any) -> None:
        """POST `value` once; raises FetchFailed unless the answer is a 2xx."""
        deadline = _Deadline(self.total_seconds, self.step_seconds)
        headers = {"Content-Type": "application/json"}
        place = self._check_url(url)
        with self._ask("POST", place, deadline, headers, to_json(value)) as answer:
            if not 200 <= answer.status < 300:
                raise FetchFailed

    def _tries(self, deadline: "_Deadline") -> Iterable[tenacity.AttemptManager]:
        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after_seconds if isinstance(error, FetchFailed) else None
            if asked is not None:
                return asked
            return float(self.wait_seconds * 2 ** (state.attempt_number - 1))

        def is_over(state: tenacity.RetryCallState) -> bool:
            # A wait that ends too late is not begun.
            return state.attempt_number >= self.attempts or wait(state) >= deadline.left()

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, FetchFailed) and not error.is_final
            ),
            stop=is_over,
            wait=wait,
            reraise=True,
        )

    def _get(
        self,
        url: str,
        file: BinaryIO,
        deadline: "_Deadline",
        max_bytes: int,
        content_types: frozenset[str],
    ) -> Fetched:
        headers = {"Accept": ", ".join(sorted(content_types)), "Accept-Encoding": "gzip"}
        for _hop in range(self.max_redirects + 1):
            place = self._check_url(url)
            with self._ask("GET", place, deadline, headers, None) as answer:
                told = _headers_of(answer)
                if answer.status in _MOVED and "location" in told:
                    next_url = urljoin(str(place), told["location"])
                    if place.scheme == "https" and not next_url.startswith("https:"):
                        raise AddressRefused
                    url = next_url
                    continue
                if answer.status != 200:
                    is_final = answer.status not in _TRY_AGAIN
                    raise FetchFailed(
                        retry_after_seconds=_retry_after(told.get("retry-after", "")),
                        final=is_final,
                    )
                content_type = told.get("content-type", "").partition(";")[0].strip().lower()
                length = told.get("content-length", "0")
                if content_type not in content_types or int(length) > max_bytes:
                    raise AnswerRefused
                size = 0
                for chunk in _inflate(answer.iter_stream(), told, max_bytes):
                    size += len(chunk)
                    if size > max_bytes:
                        raise AnswerRefused
                    file.write(chunk)
                return Fetched(str(place), content_type, size)
        raise AddressRefused  # too many redirects

    def _check_url(self, url: str) -> httpx.URL:
        """Take an address apart and refuse what need not even be resolved."""
        try:
            place = httpx.URL(url)
            host, port = place.host, place.port or {"http": 80, "https": 443}[place.scheme]
        except (httpx.InvalidURL, KeyError, ValueError) as error:
            raise AddressRefused from error
        is_name = _NAME.fullmatch(place.raw_host.decode("ascii", "replace"))
        is_odd = not is_name or place.userinfo or len(url) > _MAX_URL_LENGTH
        if is_odd or (self.ports is not None and port not in self.ports):
            raise AddressRefused
        if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) and not _is_plain_ipv4(host):
            raise AddressRefused
        return place.copy_with(fragment=None)

    @contextmanager
    def _ask(
        self,
        method: str,
        place: httpx.URL,
        deadline: "_Deadline",
        headers: dict[str, str],
        body: bytes | None,
    ) -> Iterator[httpcore.Response]:
        """Send one request over a connection of its own; errors of the way become FetchFailed."""
        pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=1,
            network_backend=_CheckedBackend(self, deadline),
        )
        target = httpcore.URL(
            scheme=place.raw_scheme, host=place.raw_host, port=place.port, target=place.raw_path
        )
        host = place.netloc.decode("ascii")
        told = {"Host": host, "User-Agent": self.user_agent, "Connection": "close", **headers}
        if body is not None:
            told["Content-Length"] = str(len(body))
        try:
            with pool, pool.stream(method, target, headers=list(told.items()), content=body) as got:
                yield got
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            OSError,
            ValueError,  # a Content-Length or a gzip that is none
            zlib.error,
        ) as error:
            raise FetchFailed(final=isinstance(error, ValueError)) from error

    def addresses_of(self, host: str, port: int, seconds: float) -> list[str]:
        """Resolve a host once; raises AddressRefused where one address is not for us."""
        found = _within(seconds, lambda: self.resolve(host, port))
        if not found:
            raise httpcore.ConnectError(f"{host} has no address")
        if not all(is_public_address(text) or self._is_allowed(text) for text in found):
            raise AddressRefused
        return found

    def _is_allowed(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self.allowed_networks)


def outbound_client() -> OutboundClient:
    """Return the client for addresses that users name."""
    return OutboundClient(user_agent=_user_agent(), ports=settings.OUTBOUND_PORTS)


def operators_client(*, total_seconds: float = 10.0) -> OutboundClient:
    """Return one for addresses that only the operator's settings name: they may be private."""
    return OutboundClient(
        user_agent=_user_agent(),
        ports=None,
        allowed_networks=EVERYWHERE,
        total_seconds=total_seconds,
    )


def _user_agent() -> str:
    return f"MangaKG (+{settings.SITE_URL})"


class _Deadline:
    """The moment at which everything has to be over."""

    def __init__(self, seconds: float, step_seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._step_seconds = step_seconds

    def left(self) -> float:
        return self._until - time.monotonic()

    def require(self) -> float:
        """Return the seconds that the next step may take; raises where none are left."""
        left = self.left()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return min(left, self._step_seconds)


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only. TLS still asks for the host's name."""

    def __init__(self, client: OutboundClient, deadline: _Deadline) -> None:
        self._client = client
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers."""
        addresses = self._client.addresses_of(host.strip("[]"), port, self._deadline.require())
        failed: Exception | None = None
        for address in addresses:
            try:
                stream = self._sockets.connect_tcp(address, port, timeout=self._deadline.require())
                return _TimedStream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError(host)


class _TimedStream(httpcore.NetworkStream):
    """Every step waits for what is left of the whole time: a drip keeps nobody waiting."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, timeout=self._deadline.require())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=self._deadline.require())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.require()
        stream = self._inner.start_tls(ssl_context, server_hostname, timeout=left)
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _headers_of(answer: httpcore.Response) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers
    }


def _inflate(chunks: Iterable[bytes], told: dict[str, str], max_bytes: int) -> Iterator[bytes]:
    """Yield the body, never more than a byte above `max_bytes` of it at once."""
    coding = told.get("content-encoding", "identity").strip().lower()
    if coding == "identity":
        yield from chunks
        return
    if coding not in {"gzip", "x-gzip"}:
        raise AnswerRefused
    inflater = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        rest = chunk
        while rest:
            yield inflater.decompress(rest, _CHUNK_BYTES)
            rest = inflater.unconsumed_tail
    if not inflater.eof:
        raise zlib.error("the body is cut")


def _retry_after(text: str) -> float | None:
    """Return the seconds of a Retry-After; None for a date, which few send."""
    return float(text) if re.fullmatch(r"[0-9]{1,6}", text.strip()) else None


def _is_plain_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _within(seconds: float, ask: Callable[[], list[str]]) -> list[str]:
    """Return the answer, or time out: the system's resolver cannot be told when to stop."""
    answers: list[list[str]] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(ask())
        except (OSError, UnicodeError) as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if answers:
        return answers[0]
    raise httpcore.ConnectTimeout("the name is not resolved") from next(iter(errors), None)
