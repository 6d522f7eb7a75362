"""Every kind of answer says what a browser may do with it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

from mangakg.headers import origin_of
from tests.cast import client_of, make_title, make_upload

SHELL = """<!doctype html><meta http-equiv="content-security-policy" content="default-src 'self';
img-src 'self' data: https:; script-src 'self' 'sha256-abc='; object-src 'none'; base-uri 'self'">
<script>ours()</script>"""

pytestmark = pytest.mark.same_everywhere


def break_down(request):
    raise RuntimeError


urlpatterns = [path("api/broken", break_down), path("", include("mangakg.urls"))]
handler400 = "mangakg.urls.handler400"
handler404 = "mangakg.urls.handler404"
handler500 = "mangakg.urls.handler500"


@pytest.fixture(autouse=True)
def built(settings, tmp_path):
    """A built web app, and a static file."""
    (tmp_path / "_app").mkdir()
    (tmp_path / "_app" / "start.js").write_text("1")
    (tmp_path / "index.html").write_text(SHELL)
    settings.FRONTEND_BUILD = settings.WHITENOISE_ROOT = tmp_path
    static = Path(settings.STATIC_ROOT) / "probe.css"
    static.write_text("a{}")
    yield
    static.unlink()


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def directives(answer: HttpResponse) -> dict[str, str]:
    parts = (part.split(None, 1) for part in answer["Content-Security-Policy"].split(";"))
    return {part[0]: part[1] if len(part) > 1 else "" for part in parts}


def assert_walled(answer: HttpResponse, *, policy: dict[str, str], resource="same-origin") -> None:
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == resource
    assert "camera=()" in answer["Permissions-Policy"]
    found = directives(answer)
    assert found["frame-ancestors"] == "'none'"
    assert not re.search(r"unsafe-(inline|eval)|\*", answer["Content-Security-Policy"])
    assert found | policy == found


NOTHING = {"default-src": "'none'", "form-action": "'none'", "base-uri": "'none'"}
SELF = {"default-src": "'self'", "object-src": "'none'"}
ADMIN = {**SELF, "base-uri": "'none'", "form-action": "'self'", "script-src": "'self'"}


@pytest.mark.django_db
@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status", "policy"),
    [
        ("/", 200, SELF),
        ("/nowhere", 404, SELF),
        ("/_app/start.js", 200, SELF),
        ("/static/probe.css", 200, SELF),
        ("/api/titles", 200, NOTHING),
        ("/api/auth/me", 401, NOTHING),
        ("/api/auth/token", 405, NOTHING),
        ("/api/titles/nothing", 404, NOTHING),
        ("/api/nowhere", 404, NOTHING),
        ("/api/titles?page=x", 400, NOTHING),
        ("/api/broken", 500, NOTHING),
        ("/api/schema", 200, NOTHING),
        ("/api/docs", 200, {"default-src": "'none'", "script-src": "'self'"}),
        ("/api/docs?script=", 200, {"default-src": "'none'", "script-src": "'self'"}),
        ("/healthz", 200, NOTHING),
        ("/metrics", 200, NOTHING),
        ("/media/nothing.jpg", 404, NOTHING),
        ("/files/nothing.jpg", 404, NOTHING),
        ("/i18n/setlang/", 302, NOTHING),
        ("/admin/", 302, ADMIN),
        ("/admin/login/", 200, ADMIN),
        ("/admin/nowhere/", 302, ADMIN),
    ],
)
def test_every_answer_has_its_headers(client, address, status, policy):
    answer = client.get(address)

    assert answer.status_code == status
    assert_walled(answer, policy=policy)


@pytest.mark.django_db
def test_an_unknown_host_is_told_as_little(client):
    answers = [client.get(address, HTTP_HOST="evil.example") for address in ("/api/site", "/")]

    for answer in answers:
        assert answer.status_code == 400
        assert_walled(answer, policy=NOTHING if answer is answers[0] else {})
    assert answers[0].json()["code"] == "invalid"


@pytest.mark.django_db
def test_public_and_private_pictures_are_pictures_and_nothing_else(client, uploader_uli):
    waiting, live = (
        make_upload(uploader=uploader_uli, state=state) for state in ("awaiting_review", "live")
    )
    private = client_of(uploader_uli).get(f"/api/uploads/{waiting.pk}").json()["pages"][0]["url"]
    public = client.get(f"/api/chapters/{live.chapter_id}").json()["pages"][0]["url"]

    for address in (private, public):
        answer = client.get(address)

        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("image/")
        policy = {"default-src": "'none'", "sandbox": ""}
        assert_walled(answer, policy=policy, resource="cross-origin")


@pytest.mark.django_db
def test_the_shells_policy_stays_with_an_answer_that_it_has_not_changed(client):
    fresh = client.get("/")

    stale = client.get("/", HTTP_IF_NONE_MATCH=fresh["ETag"])

    assert stale.status_code == 304
    assert stale["Content-Security-Policy"] == fresh["Content-Security-Policy"]
    assert directives(fresh)["script-src"] == "'self' 'sha256-abc='"


@pytest.mark.django_db
def test_pictures_of_a_bucket_or_a_cdn_are_let_in_and_nothing_more(settings):
    settings.MEDIA_URL = "https://cdn.example/mangakg/"
    settings.S3_ENDPOINT_URL = "https://s3.example:9000"
    client = Client()

    for address in ("/admin/login/", "/"):
        found = directives(client.get(address))
        sources = found["img-src"].split()
        assert {"https://cdn.example", "https://s3.example:9000", "'self'"} <= set(sources)
        assert "https:" not in sources
        assert "example" not in " ".join(v for k, v in found.items() if k != "img-src")


def test_static_files_of_a_bucket_are_let_in(settings):
    settings.STATIC_TO_S3, settings.S3_ENDPOINT_URL = True, "https://s3.example"

    found = directives(Client().get("/api/docs"))

    assert found["script-src"] == found["style-src"] == "'self' https://s3.example"


@pytest.mark.parametrize(
    ("url", "origin"),
    [("/media/", ""), ("", ""), ("https://a.example/b/?c", "https://a.example"),
     ("http://127.0.0.1:9000/x", "http://127.0.0.1:9000")],
)  # fmt: skip
def test_an_origin_is_scheme_and_host(url, origin):
    assert origin_of(url) == origin


class _Inline(HTMLParser):
    """Collects what a strict policy would stop."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        handlers = [name for name in names if name.startswith("on") or name == "style"]
        is_inline = tag == "style" or (tag == "script" and not names.get("src"))
        if handlers or (is_inline and names.get("type") != "application/json"):
            self.found.append(self.get_starttag_text() or tag)


@pytest.mark.django_db
def test_the_api_docs_have_nothing_inline(client):
    page = _Inline()

    page.feed(client.get("/api/docs").content.decode())

    assert page.found == []


@pytest.mark.django_db
def test_over_https_browsers_are_told_to_stay_there(settings):
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True

    answers = [Client().get(address, secure=True) for address in ("/healthz", "/api/site", "/")]

    for answer in answers:
        assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.django_db
def test_series_pages_are_walled_with_a_gzip_body_too(client):
    make_title()

    answer = client.get("/api/series", HTTP_ACCEPT_ENCODING="gzip")

    assert answer["Content-Encoding"] == "gzip"
    assert_walled(answer, policy=NOTHING)
