"""What no honest client sends is refused before a view, or a temporary file, sees it."""

import io

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import encode_multipart

from accounts.auth.api_keys import make_key
from accounts.roles.bans import ban_user
from common.http.parsers import FormParser, JsonParser, MultiPartParser
from mangakg.request_bodies import AnnouncedBody
from reader.api.uploads import SeriesChaptersView
from tests.cast import PASSWORD, client_of, give_second_factor, make_title
from tests.routes import api_routes

FORM = "application/x-www-form-urlencoded"
BOUNDED = {JsonParser, FormParser, MultiPartParser}
pytestmark = pytest.mark.same_everywhere
ADD = "/admin/reader/upload/add/"
CSRF = "a" * 32  # any cookie of such letters is taken for one of ours


def send(path: str, *, content_type: str = FORM, body: bytes = b"a=1", **extra: str):
    return Client().generic("POST", path, body, content_type=content_type, **extra)


@pytest.mark.parametrize("path", ["/api/auth/token", "/admin/login/", "/i18n/setlang/", "/nowhere"])
@pytest.mark.parametrize("charset", ["hex", "bz2_codec", "utf-16", "koi8-r", "nonsense"])
def test_a_body_is_in_utf_8(path, charset):
    answer = send(path, content_type=f"{FORM}; charset={charset}")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 30, "3 "])
def test_a_length_that_is_no_number_is_refused(length):
    answer = send("/nowhere", CONTENT_LENGTH=length)

    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_a_body_in_pieces_is_refused():
    answer = send("/nowhere", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")

    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


# --- Bodies that are long -----------------------------------------------------------------------


@pytest.fixture
def full_disk(settings, tmp_path):
    """A folder of temporary files into which nothing can be written."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "not there"


def send_file(client: Client, path: str, bytes_: int = django_settings.API_MAX_BODY_BYTES):
    """Send a form with a file and with all that the check of forms asks for."""
    client.cookies[django_settings.CSRF_COOKIE_NAME] = CSRF
    file = SimpleUploadedFile("1.zip", bytes(bytes_), "application/zip")
    return client.post(path, {"csrfmiddlewaretoken": CSRF, "file": file})


def stranger() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/healthz", "/readyz", "/metrics", "/media/a.jpg", "/i18n/setlang/",
     "/admin/", "/admin/login/", "/admin/login/code/", "/admin/accounts/user/", ADD,
     "/admin/nowhere/"],
)  # fmt: skip
@pytest.mark.django_db
def test_a_strangers_long_body_is_refused_unread(path, full_disk):
    answer = send_file(stranger(), path)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.django_db
def test_a_moderators_zip_is_read_only_by_the_admin(full_disk, moderator_mo):
    browser = stranger()
    browser.force_login(moderator_mo)

    assert send_file(browser, "/i18n/setlang/").status_code == 413
    with pytest.raises(FileNotFoundError, match="not there"):
        send_file(browser, ADD)


@pytest.mark.django_db
def test_a_moderators_zip_is_taken_up_to_its_limit(settings, moderator_mo):
    settings.UPLOAD_LIMITS = settings.UPLOAD_LIMITS | {"max_archive_bytes": 2**20}
    browser = stranger()
    browser.force_login(moderator_mo)

    answers = [send_file(browser, ADD, length) for length in (2**20, 2 * 2**20)]

    assert [answer.status_code for answer in answers] == [200, 413]


@pytest.mark.django_db
def test_the_first_of_two_steps_opens_no_door_for_long_bodies(full_disk, moderator_mo):
    give_second_factor(moderator_mo)
    browser = stranger()
    form = {"username": "mo", "password": PASSWORD, "csrfmiddlewaretoken": CSRF}
    browser.cookies[django_settings.CSRF_COOKIE_NAME] = CSRF
    assert browser.post("/admin/login/", form).headers["Location"] == "/admin/login/code/"

    assert send_file(browser, ADD).status_code == 413
    assert send_file(browser, "/admin/login/code/").status_code == 413


@pytest.mark.parametrize("who", ["reader", "banned", "logged out"])
@pytest.mark.django_db
def test_who_may_not_enter_the_admin_sends_it_nothing_long(
    who, full_disk, reader_rina, moderator_mo, admin_aida
):
    browser = stranger()
    browser.force_login(reader_rina if who == "reader" else moderator_mo)
    if who == "banned":
        ban_user(moderator_mo, moderator=admin_aida, reason="Spam.")
    if who == "logged out":
        session = browser.cookies[django_settings.SESSION_COOKIE_NAME].value
        browser.logout()
        browser.cookies[django_settings.SESSION_COOKIE_NAME] = session

    assert send_file(browser, ADD).status_code == 413


@pytest.mark.django_db
def test_the_api_reads_a_zip_only_of_who_may_submit_it(full_disk, reader_rina, uploader_uli):
    series = make_title()
    path = f"/api/series/{series.slug}/chapters"
    _key, text = make_key(
        uploader_uli, name="OPDS", scopes=["read"], expires_in_days=None, password=PASSWORD
    )
    program = stranger()
    program.defaults["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    guess = stranger()
    guess.defaults["HTTP_AUTHORIZATION"] = "Bearer guess"

    assert send_file(stranger(), path).status_code == 401
    assert send_file(guess, path).status_code == 401
    assert send_file(program, path).status_code == 403
    assert send_file(client_of(reader_rina), path).status_code == 403
    assert send_file(stranger(), "/api/auth/me/avatar").status_code == 401
    for nowhere in ("/api", "/api/nowhere"):
        assert send_file(stranger(), nowhere).status_code == 404
    for bounded in ("/api/auth/token", "/api/auth/register"):
        assert send_file(stranger(), bounded).status_code == 413
    assert send_file(client_of(uploader_uli), path).status_code == 503  # read: the disk is full


def test_every_view_of_the_api_reads_within_bounds():
    """A parser of DRF's own takes whatever comes; the zips' view looks at the length itself."""
    views = {pattern.callback.view_class for pattern in api_routes()}

    unbounded = {view for view in views if not set(view.parser_classes) <= BOUNDED}

    assert unbounded == {SeriesChaptersView}


@pytest.mark.django_db
def test_a_long_body_is_wanted_once_it_may_be_sent_and_counts_once(settings, uploader_uli):
    """It is asked about without its body first: see `mangakg.rsgi`."""
    settings.THROTTLES = settings.THROTTLES | {"upload": (1, 3600)}
    make_title("Naruto", slug="naruto")
    client, body = client_of(uploader_uli), encode_multipart("b", {"number": "x"})
    request = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/series/naruto/chapters",
        "CONTENT_TYPE": "multipart/form-data; boundary=b",
        "CONTENT_LENGTH": str(len(body)),
    }

    asked = client.request(**request | {"wsgi.input": AnnouncedBody()})
    sent = asked.wsgi_request.META | {"wsgi.input": io.BytesIO(body)}
    answers = [asked, client.request(**sent), client.request(**request)]

    assert [answer.status_code for answer in answers] == [100, 400, 429]
