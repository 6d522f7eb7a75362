"""Receives request bodies into memory or onto the disk, bounded in bytes and in time."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import IO, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from granian._granian import RSGIHTTPProtocol as HTTPProtocol

from common.files.storages import StorageUnavailable
from common.http.errors import AppError

# The key in a request's META of the AppError with which receiving the body failed.
REFUSAL = "mangakg.refusal"
# The bytes of a body or an answer that one request may hold in memory; more goes onto the disk.
MEMORY_BYTES = 64 * 1024
# A browser reads the answer when it has sent all, and shows a network error where the connection is
# closed before: so the rest of a refused body is read for so long, and dropped.
_DISCARD_SECONDS = 30


class BodyStalled(AppError):
    """No bytes of the body came for too long."""

    code = "request_timeout"
    status = 408

    def __init__(self) -> None:
        super().__init__(_("The request stopped coming. Send it again."))


class BodyCut(Exception):
    """The client closed the connection in the middle of its body."""


class BodyAwaited(BaseException):
    """A view tries to read a body that was not received yet. No error handler catches it."""


class AnnouncedBody(io.RawIOBase):
    """Stands for a body that was not received yet."""

    def read(self, size: int = -1) -> NoReturn:
        """Raise BodyAwaited."""
        raise BodyAwaited

    def readline(self, size: int | None = -1) -> NoReturn:
        """Raise BodyAwaited."""
        raise BodyAwaited


class IncomingBodies:
    """The bodies that one process is receiving, and the disk space that they take together."""

    def __init__(self) -> None:
        self._bytes_on_disk = 0

    @asynccontextmanager
    async def take(self, protocol: HTTPProtocol, length: int) -> AsyncIterator[IO[bytes]]:
        """Yield the body when all of it has come, and release it afterwards.

        Raises BodyStalled, BodyCut, or StorageUnavailable where the disk has no room for it.
        """
        on_disk = length > MEMORY_BYTES
        received = 0
        with _open_buffer(on_disk=on_disk) as body:
            try:
                async for chunk in _chunks(protocol, length):
                    received += len(chunk)
                    if on_disk:
                        self._bytes_on_disk += len(chunk)
                        await self._write(body, chunk)
                    else:
                        body.write(chunk)
                body.seek(0)
                yield body
            finally:
                if on_disk:
                    self._bytes_on_disk -= received

    async def _write(self, body: IO[bytes], chunk: bytes) -> None:
        if self._bytes_on_disk > settings.INCOMING_MAX_BYTES:
            raise StorageUnavailable
        try:  # in another thread: a busy disk must not stop the event loop
            await asyncio.get_running_loop().run_in_executor(None, body.write, chunk)
        except OSError as error:
            raise StorageUnavailable from error


async def discard_body(protocol: HTTPProtocol) -> None:
    """Read and drop the rest of a refused body, so that the client reads the answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_DISCARD_SECONDS):
            async for chunk in protocol:
                if not chunk:
                    break


def _open_buffer(*, on_disk: bool) -> IO[bytes]:
    if not on_disk:
        return io.BytesIO()
    try:  # without a name: it is deleted with this process, however that ends
        return tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, buffering=0)
    except OSError as error:
        raise StorageUnavailable from error


async def _chunks(protocol: HTTPProtocol, length: int) -> AsyncIterator[bytes]:
    left = length
    chunks = aiter(protocol)
    while left > 0:
        try:
            async with asyncio.timeout(settings.BODY_STALL_SECONDS):
                chunk = await anext(chunks)
        except TimeoutError as error:
            raise BodyStalled from error
        if not chunk:
            raise BodyCut
        left -= len(chunk)
        yield chunk
