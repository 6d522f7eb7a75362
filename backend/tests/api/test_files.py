"""/media and /files: who gets a picture, in which parts, and under which headers."""

import time

import pytest
from django.test import Client

from common.files import signed_urls
from common.files.signed_urls import private_url
from reader.intake import quarantine
from tests.cast import client_of, make_upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="live")
    page = client_of(None).get(f"/api/chapters/{upload.chapter_id}").json()["pages"][0]
    return page["url"], client_of(None).get(page["url"]).getvalue()


@pytest.fixture
def private_picture(uploader_uli):
    upload = make_upload(uploader=uploader_uli)
    detail = client_of(uploader_uli).get(f"/api/uploads/{upload.pk}").json()
    return detail["pages"][0]["url"]


def test_a_public_picture_is_only_an_image_and_kept_for_ever(picture):
    url, content = picture

    answer = client_of(None).get(url)

    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert int(answer["Content-Length"]) == len(content)
    assert answer["Accept-Ranges"] == "bytes"


def test_a_head_has_the_headers_and_no_body(picture):
    url, content = picture

    answer = client_of(None).head(url)

    assert (answer.status_code, answer.getvalue()) == (200, b"")
    assert int(answer["Content-Length"]) == len(content)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=0-999999999", slice(0, None)),
        ("bytes=-999999999", slice(0, None)),
    ],
)
def test_a_part_is_sent_alone(asked, part, picture):
    url, content = picture

    answer = client_of(None).get(url, HTTP_RANGE=asked)

    assert (answer.status_code, answer.getvalue()) == (206, content[part])
    start, stop, _step = part.indices(len(content))
    assert answer["Content-Range"] == f"bytes {start}-{stop - 1}/{len(content)}"
    assert int(answer["Content-Length"]) == stop - start


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused(asked, picture):
    url, content = picture

    answer = client_of(None).get(url, HTTP_RANGE=asked)

    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes=-", f"bytes={'9' * 5000}-", "bytes=5-2",
     "bytes=9-3"],
)  # fmt: skip
def test_a_range_that_we_do_not_know_gets_the_whole(asked, picture):
    url, content = picture

    answer = client_of(None).get(url, HTTP_RANGE=asked)

    assert (answer.status_code, answer.getvalue()) == (200, content)


def test_a_head_asks_for_no_part(picture):
    url, content = picture

    answer = client_of(None).head(url, HTTP_RANGE="bytes=0-3")

    assert (answer.status_code, int(answer["Content-Length"])) == (200, len(content))


def test_a_range_of_another_version_gets_the_whole(picture):
    url, content = picture

    answer = client_of(None).get(url, HTTP_RANGE="bytes=0-3", HTTP_IF_RANGE='"other"')

    assert (answer.status_code, answer.getvalue()) == (200, content)


@pytest.mark.parametrize("written", ["{}", "W/{}", '"other", {}', "*"])
def test_a_known_picture_is_not_sent_again(written, picture):
    url, _content = picture
    etag = client_of(None).get(url)["ETag"]

    answer = client_of(None).get(url, HTTP_IF_NONE_MATCH=written.format(etag))

    assert (answer.status_code, answer.getvalue()) == (304, b"")
    assert answer["ETag"] == etag


def test_pictures_are_not_compressed_again(picture):
    url, content = picture

    answer = client_of(None).get(url, HTTP_ACCEPT_ENCODING="gzip")

    assert "Content-Encoding" not in answer
    assert answer.getvalue() == content


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/x",
        f"/media/aa/{'a' * 64}.jpg",
        f"/media/aa/{'a' * 64}.html",
        "/media/../keys/secret_key",
        "/media/%2e%2e/keys/secret_key",
        "/media/.drafts/x",
        "/files/",
        "/files/x",
        "/files/uploads/x/archive.zip",
    ],
)
def test_nothing_else_is_served(path):
    assert client_of(None).get(path).status_code == 404


def test_pictures_are_only_read(picture):
    assert client_of(None).post(picture[0]).status_code == 405


def test_a_private_picture_is_sent_to_who_holds_its_address(private_picture):
    answer = client_of(None).get(private_picture)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("signature=", "signature=0"),
        ("type=image/jpeg", "type=text/html"),
        ("until=", "until=9"),
        ("?", "?x="),
        ("signature=", "nothing="),
        ("until=", f"until={'9' * 5000}"),
        ("until=", "until=²"),
    ],
)
def test_a_tampered_address_is_not_found(old, new, private_picture):
    assert client_of(None).get(private_picture.replace(old, new)).status_code == 404


def test_an_address_is_good_for_one_file(private_picture, uploader_uli):
    other = make_upload(uploader=uploader_uli)
    [page, *_] = other.pages.all()
    query = private_picture.partition("?")[2]

    answer = client_of(None).get(f"/files/{quarantine.page_name(other, page.sha256)}?{query}")

    assert answer.status_code == 404


def test_an_address_runs_out(private_picture, monkeypatch):
    later = time.time() + signed_urls.SECONDS + 61
    monkeypatch.setattr(signed_urls.time, "time", lambda: later)

    assert client_of(None).get(private_picture).status_code == 404


def test_an_archive_cannot_be_had_even_signed(uploader_uli):
    upload = make_upload(uploader=uploader_uli)
    address = private_url(quarantine.archive_name(upload.folder), "image/jpeg")

    assert client_of(None).get(address).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/api/nothing", "/api", "/api/", "/apix", "/media/nothing", "/files/nothing", "/opds/v2",
     "/static/nothing.js", "/admin/nothing/at/all", "/_app/nothing.js", "/metrics/x", "/x.php"],
)  # fmt: skip
def test_what_is_not_a_page_never_answers_the_apps_shell(path, settings, tmp_path):
    settings.FRONTEND_BUILD = tmp_path
    (tmp_path / "index.html").write_text("<html>the shell</html>")

    answer = client_of(None).get(path)

    is_page = path == "/apix"  # a page that the web app does not have: it says so itself
    assert answer.status_code in (404, 302)
    assert (b"the shell" in answer.content) == is_page


def test_pages_of_the_app_answer_its_shell(settings, tmp_path):
    settings.FRONTEND_BUILD = tmp_path
    (tmp_path / "index.html").write_text("<html>the shell</html>")

    paths = (
        "/",
        "/browse",
        "/settings/keys",
        "/u/a.b",
        "/me/reports",
    )
    answers = [client_of(None).get(path) for path in paths]

    assert [answer.status_code for answer in answers] == [200] * len(paths)
    assert {answer.content for answer in answers} == {b"<html>the shell</html>"}


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_a_missing_api_path_answers_json(method):
    client = Client(enforce_csrf_checks=True)

    answer = getattr(client, method)("/api/series/a%2Fb/chapters")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
