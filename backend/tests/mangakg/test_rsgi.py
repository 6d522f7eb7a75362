"""Bodies and answers between the server and Django: what is buffered where, and what is refused."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from common.files.storages import StorageUnavailable
from common.http.file_responses import FilePart
from mangakg import rsgi
from mangakg.body_limits import BodyLimitMiddleware
from mangakg.request_bodies import MEMORY_BYTES, REFUSAL, AnnouncedBody, BodyStalled
from mangakg.rsgi import Application, FileAnswer, environ_of

LONG = MEMORY_BYTES * 4
STALLS = b"stalls"


def scope_of(method: str = "GET", path: str = "/x", headers: Sequence[tuple[str, str]] = ()) -> Any:
    return SimpleNamespace(
        method=method, path=path, query_string="q=1", http_version="1.1", scheme="http",
        server="127.0.0.1:8000", client="127.0.0.1:5000",
        headers=SimpleNamespace(items=lambda: list(headers)),
    )  # fmt: skip


@dataclass
class Protocol:
    """The server's side of one request: gives the chunks, keeps the answer."""

    chunks: list[bytes] = field(default_factory=list)
    answer: tuple[Any, ...] = ()
    sent: bytes = b""

    def __aiter__(self) -> "Protocol":
        return self

    async def __anext__(self) -> bytes:
        if not self.chunks:
            return b""
        chunk = self.chunks.pop(0)
        if chunk == STALLS:
            await asyncio.Event().wait()
        return chunk

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.answer, self.sent = (status, dict(headers)), body

    def response_file_range(
        self, status: int, headers: Any, path: str, start: int, end: int
    ) -> None:
        self.answer = (status, dict(headers), path, start, end)
        self.sent = Path(path).read_bytes()[start:end]


@pytest.fixture
def behind(monkeypatch) -> Callable[[Callable[[dict[str, Any]], HttpResponseBase]], None]:
    """Let a view of the test's own stand where Django stands."""

    def put(view: Callable[[dict[str, Any]], HttpResponseBase]) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> Any:
            response = view(environ)
            start_response(f"{response.status_code} Said", list(response.items()))
            if getattr(response, "file_to_stream", None) is not None:
                response.file_to_stream.close = response.close
                return environ["wsgi.file_wrapper"](response.file_to_stream, 4096)
            return response

        monkeypatch.setattr(rsgi, "django_application", application)

    return put


def ask(protocol: Protocol, *, length: int | None = None, **headers: str) -> None:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if length is not None:
        fields.append(("content-length", str(length)))
    asyncio.run(Application().__rsgi__(scope_of("POST", headers=fields), protocol))


def read_it(environ: dict[str, Any]) -> HttpResponse:
    """Answer the length of the body, or ask for it, as the middleware of body limits does."""
    if REFUSAL in environ:
        return HttpResponse(environ[REFUSAL].code, status=environ[REFUSAL].status)
    if isinstance(environ["wsgi.input"], AnnouncedBody):
        return HttpResponse(status=100)
    return HttpResponse(str(len(environ["wsgi.input"].read())))


# --- Bodies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, MEMORY_BYTES, MEMORY_BYTES + 1, LONG])
def test_a_body_is_given_whole(length, behind):
    behind(read_it)
    half = length // 2
    protocol = Protocol([bytes(part) for part in (half, length - half) if part])

    ask(protocol, length=length)

    assert (protocol.answer[0], protocol.sent) == (200, str(length).encode())


def test_a_long_body_that_is_not_wanted_never_reaches_the_disk(behind, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "not there"
    behind(lambda environ: HttpResponse("no", status=401))
    protocol = Protocol([bytes(MEMORY_BYTES)] * 4)

    ask(protocol, length=LONG)

    assert (protocol.answer[0], protocol.sent) == (401, b"no")
    assert protocol.chunks == []  # read to its end, so that a browser comes to the answer


def test_who_waits_to_be_asked_for_a_body_is_not_asked(behind):
    behind(lambda environ: HttpResponse("no", status=401))
    protocol = Protocol([bytes(LONG)])

    ask(protocol, length=LONG, expect="100-continue")

    assert protocol.answer[0] == 401
    assert protocol.chunks


@pytest.mark.parametrize("length", [10, LONG])
def test_a_body_that_stalls_is_given_up(length, behind, settings):
    settings.BODY_STALL_SECONDS = 0.01
    behind(read_it)
    protocol = Protocol([b"12345", STALLS])

    ask(protocol, length=length)

    assert (protocol.answer[0], protocol.sent) == (408, b"request_timeout")
    assert protocol.answer[1]["Connection"] == "close"


@pytest.mark.parametrize("length", [10, LONG])
def test_a_body_that_ends_too_early_is_never_seen(length, behind):
    seen = []

    def view(environ: dict[str, Any]) -> HttpResponse:
        seen.append(type(environ["wsgi.input"]))
        return read_it(environ)

    behind(view)
    protocol = Protocol([b"12345"])

    ask(protocol, length=length)

    assert (protocol.answer, seen) == ((), [AnnouncedBody] if length == LONG else [])


def test_all_bodies_together_have_so_much_of_the_disk(behind, settings):
    settings.INCOMING_MAX_BYTES = LONG + MEMORY_BYTES
    behind(read_it)
    application = Application()
    fields = [("content-length", str(LONG))]
    waits = Protocol([bytes(MEMORY_BYTES * 2), STALLS])
    refused, taken = (Protocol([bytes(MEMORY_BYTES)] * 4) for _ in range(2))

    async def act() -> None:
        first = asyncio.create_task(application.__rsgi__(scope_of("POST", headers=fields), waits))
        while waits.chunks:
            await asyncio.sleep(0)
        await application.__rsgi__(scope_of("POST", headers=fields), refused)
        first.cancel()
        await asyncio.wait([first])
        await application.__rsgi__(scope_of("POST", headers=fields), taken)

    asyncio.run(act())

    assert (refused.answer[0], refused.sent) == (503, b"storage_unavailable")
    assert (taken.answer[0], taken.sent) == (200, str(LONG).encode())


def test_a_full_disk_is_told(behind, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "not there"
    behind(read_it)
    protocol = Protocol([bytes(LONG)])

    ask(protocol, length=LONG)

    assert (protocol.answer[0], protocol.sent) == (503, b"storage_unavailable")


@pytest.mark.parametrize("error", [BodyStalled, StorageUnavailable])
def test_why_a_body_was_not_taken_is_told_in_the_readers_language(error):
    door = BodyLimitMiddleware(lambda request: HttpResponse())
    request = RequestFactory().post(
        "/", b"a=1", content_type="text/plain", HTTP_ACCEPT_LANGUAGE="ru", **{REFUSAL: error}
    )

    answer = door(request)

    assert answer.status_code == error.status
    assert any("а" <= letter <= "я" for letter in answer.content.decode().lower())


# --- Answers ------------------------------------------------------------------------------------


def test_a_short_answer_is_given_from_memory(behind):
    behind(lambda environ: StreamingHttpResponse([b"a", b"b"]))
    protocol = Protocol()

    ask(protocol)

    assert (protocol.answer[0], protocol.sent) == (200, b"ab")


@pytest.mark.parametrize("response", [HttpResponse, StreamingHttpResponse])
def test_a_long_answer_waits_on_the_disk(response, behind):
    parts = [b"a" * MEMORY_BYTES, b"b" * MEMORY_BYTES, b"c"]
    behind(lambda environ: response(parts))
    protocol = Protocol()

    ask(protocol)

    assert protocol.sent == b"".join(parts)
    assert protocol.answer[1]["Content-Length"] == str(len(protocol.sent))
    assert Path(protocol.answer[2]).parent == settings.FILE_UPLOAD_TEMP_DIR


def test_a_file_is_sent_by_the_server(behind, tmp_path):
    path = tmp_path / "1.jpg"
    path.write_bytes(bytes(range(256)) * LONG)
    behind(lambda environ: FileResponse(path.open("rb")))
    protocol = Protocol()

    ask(protocol)

    assert protocol.answer[2:] == (str(path), 0, path.stat().st_size)


def test_a_part_of_a_file_is_sent_by_the_server(behind, tmp_path):
    path = tmp_path / "1.jpg"
    path.write_bytes(bytes(range(256)))

    def view(environ: dict[str, Any]) -> HttpResponseBase:
        response = FileResponse(FilePart(path.open("rb"), range(10, 20)), status=206)
        response["Content-Length"] = "10"
        return response

    behind(view)
    protocol = Protocol()

    ask(protocol)

    assert (protocol.answer[2:], protocol.sent) == ((str(path), 10, 20), bytes(range(10, 20)))


@pytest.mark.parametrize("length", [0, 5, LONG])
def test_a_file_without_a_name_is_sent_too(length, behind):
    def view(environ: dict[str, Any]) -> HttpResponseBase:
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the answer closes it)
        file.write(b"x" * length)
        file.seek(0)
        return FileResponse(file)

    behind(view)
    protocol = Protocol()

    ask(protocol)

    assert protocol.sent == b"x" * length


def test_what_only_looks_like_a_file_is_sent_too(behind):
    behind(lambda environ: FileResponse(ContentFile(b"12345", name="/etc/hostname")))
    protocol = Protocol()

    ask(protocol)

    assert protocol.sent == b"12345"


# --- What Django is told ------------------------------------------------------------------------


def test_a_request_is_told_as_wsgi_wants_it():
    environ = environ_of(
        scope_of(
            path="/u/Бермет",
            headers=[("host", "a"), ("cookie", "a=1"), ("cookie", "b=2"), ("content-type", "t"),
                     ("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2"),
                     ("x_forwarded_for", "3.3.3.3"), ("content_length", "9")],
        )
    )  # fmt: skip

    assert environ["PATH_INFO"].encode("latin-1").decode() == "/u/Бермет"
    assert (environ["HTTP_HOST"], environ["CONTENT_TYPE"]) == ("a", "t")
    assert environ["HTTP_COOKIE"] == "a=1;b=2"
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1,2.2.2.2"
    assert "CONTENT_LENGTH" not in environ
    assert environ["wsgi.file_wrapper"] is FileAnswer


@pytest.mark.parametrize(
    ("client", "address"), [("1.2.3.4:5", "1.2.3.4"), ("[2a00::1]:5", "2a00::1")]
)
def test_the_clients_address_is_told_without_its_port(client, address):
    scope = scope_of()
    scope.client = client

    assert environ_of(scope)["REMOTE_ADDR"] == address
