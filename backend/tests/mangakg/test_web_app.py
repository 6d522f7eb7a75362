"""The web app's shell and files: known ones are not sent again, and a new build is seen at once."""

import os
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from mangakg.environment import Environment
from mangakg.static_files import StaticFilesMiddleware

pytestmark = pytest.mark.django_db

SHELL = "<html>the shell, long enough to be worth its compression " + "." * 400 + "</html>"


@pytest.fixture
def build(settings, tmp_path):
    """A web app that is built."""
    settings.FRONTEND_BUILD = settings.WHITENOISE_ROOT = tmp_path
    write_build(tmp_path, 1, {"_app/a.js": "let a", "service-worker.js": "first"})
    return tmp_path


def write_build(folder: Path, number: int, files: dict[str, str]) -> None:
    for old in folder.rglob("*.js"):
        old.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    (folder / "index.html").write_text(f"{SHELL}{number}")
    os.utime(folder / "index.html", ns=(number, number))


# --- What a browser has already -----------------------------------------------------------------


@pytest.mark.parametrize("written", ["{}", '"other", {}', "*", " * "])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_known_shell_is_not_sent_again(encoding, written, build):
    browser = Client(HTTP_ACCEPT_ENCODING=encoding)
    etag = browser.get("/browse")["ETag"]

    answer = browser.get("/browse", HTTP_IF_NONE_MATCH=written.format(etag))

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("known", ['"other"', 'W/"other"', "other", ""])
def test_another_shell_is_sent(known, build):
    answer = Client().get("/browse", HTTP_IF_NONE_MATCH=known)

    assert (answer.status_code, answer.content) == (200, f"{SHELL}1".encode())


def test_a_page_that_is_not_there_is_known_to_nobody(build):
    answer = Client().get("/no/such/page", HTTP_IF_NONE_MATCH="*")

    assert answer.status_code == 404


# --- Files of the build --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("", "")]
)
def test_a_file_comes_as_the_build_has_compressed_it_and_for_ever(accepted, encoding, build):
    path = "/_app/immutable/a.js"
    texts = {"": "let a" * 9, "br": "small", "gzip": "smaller"}
    suffixes = {"": "", "br": ".br", "gzip": ".gz"}
    write_build(build, 2, {f"{path[1:]}{suffixes[one]}": text for one, text in texts.items()})
    server = StaticFilesMiddleware(nothing)

    answer = server(RequestFactory().get(path, HTTP_ACCEPT_ENCODING=accepted))

    assert b"".join(answer) == texts[encoding].encode()
    assert answer.get("Content-Encoding", "") == encoding
    assert answer["Vary"] == "Accept-Encoding"
    caching = set(answer["Cache-Control"].split(", "))
    assert caching == {"public", "max-age=31536000", "immutable"}


# --- A new build under a running server ---------------------------------------------------------


def get(server: StaticFilesMiddleware, path: str) -> tuple[int, bytes]:
    answer = server(RequestFactory().get(path))
    return answer.status_code, b"".join(answer)


def nothing(request: object) -> HttpResponse:
    return HttpResponse(status=404)


def test_a_new_builds_shell_is_sent(build):
    before = Client().get("/browse")
    write_build(build, 2, {})

    after = Client().get("/browse", HTTP_IF_NONE_MATCH=before["ETag"])

    assert (after.status_code, after.content) == (200, f"{SHELL}2".encode())


def test_a_new_builds_files_are_served_and_those_of_the_old_one_not_found(build):
    server = StaticFilesMiddleware(nothing)
    assert get(server, "/_app/a.js") == (200, b"let a")
    write_build(build, 2, {"_app/b.js": "let b", "service-worker.js": "the second"})

    assert get(server, "/_app/a.js") == (404, b"")
    assert get(server, "/_app/b.js") == (200, b"let b")
    assert get(server, "/service-worker.js") == (200, b"the second")


def test_a_file_that_is_being_replaced_is_not_found_and_found_again(build):
    server = StaticFilesMiddleware(nothing)
    (build / "service-worker.js").unlink()

    assert get(server, "/service-worker.js") == (404, b"")
    write_build(build, 2, {"service-worker.js": "the second"})
    assert get(server, "/service-worker.js") == (200, b"the second")


# --- Its address --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000"),
     ("localhost", "http://localhost:8000")],
)  # fmt: skip
def test_an_address_that_is_printed_and_mailed_can_be_opened(host, url):
    assert Environment(HOST=host, PORT=8000).local_url == url
