"""The RSGI application for granian: it buffers bodies and answers outside of Django's threads.

A thread is taken once the whole body has come, and is free again as soon as the answer is written:
a client that sends or reads slowly holds a connection and never a thread. Why so, and what else was
tried: docs/decisions/0010-web-server.md.
"""

import asyncio
import io
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from granian._granian import RSGIHTTPProtocol as HTTPProtocol
from granian.rsgi import Scope

from common.files.storages import StorageUnavailable
from mangakg.request_bodies import (
    MEMORY_BYTES,
    REFUSAL,
    AnnouncedBody,
    BodyCut,
    BodyStalled,
    IncomingBodies,
    discard_body,
)
from mangakg.wsgi import application as django_application

_THREADS = 8
# Parsing a form of hundreds of megabytes keeps a processor busy: only so many do so at once.
_LONG_BODY_THREADS = 2
# How long a computing thread may keep the interpreter's lock while others wait for it. A request
# waits for the lock some eight times: with Python's default of 5 ms, two threads that parsed forms
# delayed each list by 70 ms.
_SWITCH_SECONDS = 0.001
_CONTINUE = 100
# The server opens a file as soon as it has the answer; a buffer of ours must exist until then.
_OPENED_SECONDS = 5

Environ = dict[str, Any]
Headers = list[tuple[str, str]]


class Application:
    """Django behind RSGI, in one process of the server."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "django")
        self._long_body_threads = ThreadPoolExecutor(_LONG_BODY_THREADS, "django-long-body")
        self._bodies = IncomingBodies()
        sys.setswitchinterval(_SWITCH_SECONDS)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        environ = environ_of(scope)
        length = _announced_bytes(environ)
        if not length:
            environ["wsgi.input"] = io.BytesIO()
            await self._answer(environ, protocol, self._threads)
            if "HTTP_TRANSFER_ENCODING" in environ:
                await discard_body(protocol)
        elif length <= MEMORY_BYTES:
            await self._take_and_answer(environ, protocol, length, self._threads)
        else:
            # Django runs without the body first: only where it tries to read it is the body
            # received.
            environ["wsgi.input"] = AnnouncedBody()
            if await self._answer(environ, protocol, self._threads) == _CONTINUE:
                await self._take_and_answer(environ, protocol, length, self._long_body_threads)
            elif environ.get("HTTP_EXPECT", "").lower() != "100-continue":
                await discard_body(protocol)

    async def _take_and_answer(
        self, environ: Environ, protocol: HTTPProtocol, length: int, threads: ThreadPoolExecutor
    ) -> None:
        try:
            async with self._bodies.take(protocol, length) as body:
                environ["wsgi.input"] = body
                await self._answer(environ, protocol, threads)
        except BodyCut:
            return
        except (BodyStalled, StorageUnavailable) as refusal:
            environ |= {"wsgi.input": io.BytesIO(), REFUSAL: type(refusal)}
            await self._answer(environ, protocol, self._threads)

    async def _answer(
        self, environ: Environ, protocol: HTTPProtocol, threads: ThreadPoolExecutor
    ) -> int:
        """Let Django answer in one of the threads; returns the status."""
        loop = asyncio.get_running_loop()
        status, buffer = await loop.run_in_executor(threads, _run_django, environ, protocol)
        if buffer is not None:
            loop.call_later(_OPENED_SECONDS, buffer.unlink)
        return status


class FileAnswer:
    """Stands for `wsgi.file_wrapper`: the server itself reads and sends the file."""

    def __init__(self, file: Any, block_bytes: int) -> None:
        self.file, self._block_bytes = file, block_bytes

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self._block_bytes), b"")

    def close(self) -> None:
        """Close the file, and the response with it."""
        self.file.close()


_ENVIRON: Environ = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": settings.WEB_PROCESSES > 1,
    "wsgi.run_once": False,
    "wsgi.file_wrapper": FileAnswer,
}


def environ_of(scope: Scope) -> Environ:
    """Return a request as WSGI knows it (PEP 3333), without its body."""
    server, _, port = scope.server.rpartition(":")
    environ = _ENVIRON | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
    }
    for field, value in scope.headers.items():
        if "_" in field:  # would be taken for the one with a hyphen, which a proxy may have checked
            continue
        name = field.upper().replace("-", "_")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        if name in environ:
            environ[name] += f"{';' if name == 'HTTP_COOKIE' else ','}{value}"
        else:
            environ[name] = value
    return environ


def _announced_bytes(environ: Environ) -> int:
    """Return the body's length; 0 for a body without one, which Django refuses unread."""
    length = environ.get("CONTENT_LENGTH", "")
    is_plain = length.isascii() and length.isdigit() and "HTTP_TRANSFER_ENCODING" not in environ
    return int(length) if is_plain else 0


def _run_django(environ: Environ, protocol: HTTPProtocol) -> tuple[int, Path | None]:
    """Answer, unless the body is needed; return the status, and a file to delete a bit later."""
    status, headers = 500, []

    def start_response(line: str, fields: Headers, exc_info: Any = None) -> None:
        nonlocal status, headers
        status, headers = int(line[:3]), fields

    answer: Any = django_application(environ, start_response)
    try:
        if status == _CONTINUE:
            return status, None
        if REFUSAL in environ:
            headers.append(("Connection", "close"))
        return status, _hand_over(protocol, status, headers, answer)
    finally:
        answer.close()


def _hand_over(
    protocol: HTTPProtocol, status: int, headers: Headers, answer: Iterable[bytes]
) -> Path | None:
    """Give the answer to the server: in memory if it is short, else as a file that it sends."""
    if isinstance(answer, FileAnswer) and (path := _path_of(answer.file)):
        start = answer.file.tell()
        length = int(dict(headers)["Content-Length"])
        protocol.response_file_range(status, headers, path, start, start + length)
        return None
    chunks, first, size = iter(answer), [], 0
    for chunk in chunks:
        first.append(chunk)
        size += len(chunk)
        if size > MEMORY_BYTES:
            break
    else:
        protocol.response_bytes(status, headers, b"".join(first))
        return None
    # The server opens the file by its name later, when our descriptor may have been reused.
    descriptor, name = tempfile.mkstemp(dir=settings.FILE_UPLOAD_TEMP_DIR)
    with open(descriptor, "wb") as buffer:  # noqa: PTH123 (a descriptor)
        buffer.writelines(chain(first, chunks))
        size = buffer.tell()
    if not any(name == "Content-Length" for name, _value in headers):
        headers.append(("Content-Length", str(size)))
    protocol.response_file_range(status, headers, name, 0, size)
    return Path(name)


def _path_of(file: Any) -> str | None:
    """Return the path of an open file, unless it is empty or has no name."""
    try:
        size = os.fstat(file.fileno()).st_size
    except (AttributeError, OSError):
        return None
    name = getattr(file, "name", None)
    return name if size and isinstance(name, str) and Path(name).is_absolute() else None


application = Application()
