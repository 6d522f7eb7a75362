"""The way to another server: a transport of httpx that connects to checked addresses only.

A name is resolved once, every address it has is checked, and the connection goes to one of exactly
those. Each hop of a redirect comes through here. `httpcore` is what httpx stands on; it alone lets
us choose the address.

No request is sent while a database transaction is open: others would wait for its locks as long as
the other server likes.
"""

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpcore
import httpx
from django.db import connections
from django.utils.translation import gettext as _

from common.http.errors import AppError
from common.outbound.public_addresses import is_public_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], list[str]]

_MAX_URL_LENGTH = 2_000
# httpx inflates what one read gave at once, and a gzip grows a thousand times at most.
_READ_BYTES = 16 * 1024
_PORTS = {"http": 80, "https": 443}
_MOST_CONNECTIONS = 20
_KEEP_SECONDS = 30.0
_NAME = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.IGNORECASE)
# A last label like these is a number to some resolvers: 0177.1, 0x7f000001, 2130706433.
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


class AddressRefused(AppError):
    """The address is not public, or redirects to one that is not."""

    code = "address_refused"
    status = 400

    def __init__(self) -> None:
        super().__init__(_("This address cannot be fetched. Use a public http or https address."))


class Deadline:
    """The time at which a whole fetch has to end."""

    def __init__(self, seconds: float, step_seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._step_seconds = step_seconds

    def left(self) -> float:
        """Return the seconds that are left; negative after the end."""
        return self._until - time.monotonic()

    def require(self) -> float:
        """Return the seconds that the next step may take; raises where none are left."""
        left = self.left()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return min(left, self._step_seconds)


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system's resolver knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class OpenTransaction(RuntimeError):
    """Another server was to be called while a database transaction is open."""


def refuse_open_transactions() -> None:
    """Raise OpenTransaction inside a transaction; those that wrap whole tests do not count."""
    for connection in connections.all(initialized_only=True):
        blocks: list[Any] = connection.atomic_blocks
        if not all(block._from_testcase for block in blocks):
            raise OpenTransaction("no other server is called while a transaction is open")


@dataclass(frozen=True)
class Reach:
    """Where requests may go: to public addresses, and to what is named here."""

    ports: frozenset[int] | None = frozenset((80, 443))  # None: any
    allowed_networks: tuple[Network, ...] = ()
    # Hosts and ports that the operator has named: they may have any address.
    trusted: frozenset[tuple[str, int]] = frozenset()
    resolve: Resolve = resolve_host

    def allows(self, host: str, port: int, address: str) -> bool:
        """Return True where a connection to this address of this host may be opened."""
        if (host, port) in self.trusted or is_public_address(address):
            return True
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.allowed_networks)


class Connections:
    """Connections to checked addresses; they are kept between requests until `close`."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        # A thread sends one request at a time and reads its answer.
        self.current = _Current()
        self.pool = httpcore.ConnectionPool(
            ssl_context=tls_context(),
            max_connections=_MOST_CONNECTIONS,
            keepalive_expiry=_KEEP_SECONDS,
            network_backend=_CheckedBackend(self.current, reach),
        )


class _Current(threading.local):
    """The deadline of the request that this thread is sending."""

    deadline: Deadline | None = None

    def require(self) -> float:
        assert self.deadline is not None  # noqa: S101 (set before anything is sent)
        return self.deadline.require()


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return the one TLS context of this process: to read the authorities takes a while."""
    return httpx.create_ssl_context(trust_env=False)


class CheckedTransport(httpx.BaseTransport):
    """Sends the requests of one fetch, all of them before its deadline.

    `extensions["tail"]` of a response are the last four bytes of its body as it came.
    """

    def __init__(self, deadline: Deadline, over: Connections, *, keep: bool = False) -> None:
        self._deadline = deadline
        self._over = over
        self._keep = keep
        self._is_secret = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; raises AddressRefused, and httpcore's errors as they are."""
        refuse_open_transactions()
        self._check_url(request.url)
        assert isinstance(request.stream, httpx.SyncByteStream)  # noqa: S101 (for its type)
        self._over.current.deadline = self._deadline
        answer = self._over.pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions={"timeout": {"pool": self._deadline.require()}},
            )
        )
        tail = bytearray()
        response = httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer, tail),
            extensions={"tail": tail},
        )
        if response.has_redirect_location:  # the body and other headers of a redirect are not read
            answer.close()
            location = {"Location": response.headers["Location"]}
            return httpx.Response(answer.status, headers=location)
        return response

    def close(self) -> None:
        """Close what is open, unless it is kept."""
        if not self._keep:
            self._over.pool.close()

    def _check_url(self, url: httpx.URL) -> None:
        """Refuse addresses that need not be resolved for it, and redirects from https to http."""
        port = url.port or _PORTS.get(url.scheme)
        is_odd = url.scheme not in _PORTS or (self._is_secret and url.scheme != "https")
        if is_odd or url.userinfo or len(str(url)) > _MAX_URL_LENGTH:
            raise AddressRefused
        reach = self._over.reach
        name = url.raw_host.decode("ascii", "replace")
        is_trusted = (name, port) in reach.trusted
        if reach.ports is not None and port not in reach.ports and not is_trusted:
            raise AddressRefused
        if not _NAME.fullmatch(name):
            raise AddressRefused
        last_label = url.host.rstrip(".").rpartition(".")[2]
        if _NUMBER.fullmatch(last_label) and not _is_plain_ipv4(url.host):
            raise AddressRefused
        self._is_secret = url.scheme == "https"


def trusted_hosts(addresses: Iterable[str]) -> frozenset[tuple[str, int]]:
    """Return the hosts and ports of addresses that settings name; others than HTTP's are left."""
    urls = [httpx.URL(address) for address in addresses if address.startswith(("http:", "https:"))]
    return frozenset((url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]) for url in urls)


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only; TLS still verifies the host's name."""

    def __init__(self, current: _Current, reach: Reach) -> None:
        self._current = current
        self._reach = reach
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
        failed: Exception | None = None
        for address in self._addresses_of(host.strip("[]"), port):
            try:
                stream = self._sockets.connect_tcp(address, port, timeout=self._current.require())
                return _TimedStream(stream, self._current)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError(f"{host} has no address")

    def _addresses_of(self, host: str, port: int) -> list[str]:
        """Resolve a host once; raises AddressRefused where one of its addresses is not allowed."""
        found = _within(self._current.require(), lambda: self._reach.resolve(host, port))
        if not all(self._reach.allows(host, port, address) for address in found):
            raise AddressRefused
        return found


class _TimedStream(httpcore.NetworkStream):
    """Gives every step only what is left of the whole time, so that slow bytes cannot extend it."""

    def __init__(self, inner: httpcore.NetworkStream, current: _Current) -> None:
        self._inner = inner
        self._current = current

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(min(max_bytes, _READ_BYTES), timeout=self._current.require())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=self._current.require())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._current.require()
        stream = self._inner.start_tls(ssl_context, server_hostname, timeout=left)
        return _TimedStream(stream, self._current)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Body(httpx.SyncByteStream):
    """The body of an answer; its connection is free once it is closed."""

    def __init__(self, answer: httpcore.Response, tail: bytearray) -> None:
        self._answer = answer
        self._tail = tail

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._answer.iter_stream():
            self._tail[:] = (self._tail + chunk[-4:])[-4:]
            yield chunk

    def close(self) -> None:
        self._answer.close()


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
