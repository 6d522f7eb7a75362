"""Submitting a zip: who may, what is refused, what is kept, and taking it back."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.auth.api_keys import make_key
from accounts.models import User
from accounts.roles.bans import ban_user
from catalog.choices import Kind, Moderation
from common.files.storages import list_names, quarantine_storage
from reader.intake import quarantine, uploads
from reader.intake.extraction import extract_upload
from reader.models import Chapter, Group, Page, Upload
from reader.states import UploadState
from tests.cast import PASSWORD, client_of, make_title, make_upload, make_user, post_zip
from tests.failing_storage import BROKEN_BUCKET, FULL_DISK, failing_storages, trouble
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import (
    FOUND_WHILE_EXTRACTING,
    HOSTILE_ARCHIVES,
    REJECTED_ARCHIVES,
    make_chapter_zip,
    page_bytes,
)

pytestmark = pytest.mark.django_db

MALICIOUS = next(h.build for h in HOSTILE_ARCHIVES if h.title == "link")
MALICIOUS_INSIDE = next(h.build for h in HOSTILE_ARCHIVES if h.title == "PHP script")


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(REJECTED_ARCHIVES.keys() - FOUND_WHILE_EXTRACTING))
def test_preflight_answers_the_code_and_keeps_the_failed_upload(code, uploader_uli):
    answer = post_zip(uploader_uli, make_title(), REJECTED_ARCHIVES[code]())

    assert answer.status_code == 422
    assert answer.json()["code"] == code
    upload = Upload.objects.get(pk=answer.json()["upload"])
    assert (upload.state, upload.error_code) == (UploadState.FAILED, code)
    assert answer.json()["detail"]
    assert find_leftovers() == []


@pytest.mark.parametrize("code", sorted(FOUND_WHILE_EXTRACTING))
def test_extraction_fails_with_the_code_and_leaves_nothing(code, uploader_uli):
    answer = post_zip(uploader_uli, make_title(), REJECTED_ARCHIVES[code]())
    assert answer.status_code == 202, answer.content

    extract_upload.run(answer.json()["id"])

    row = client_of(uploader_uli).get(answer.json()["url"]).json()
    assert (row["state"], row["error_code"]) == ("failed", code)
    assert row["detail"]
    finish_due_work()
    assert find_leftovers() == []
    assert not Page.objects.exists()


def test_every_reject_code_has_an_archive():
    assert len(REJECTED_ARCHIVES) == 20


def test_the_sentence_is_in_the_language_of_the_reader(uploader_uli):
    failed = post_zip(uploader_uli, make_title(), b"no zip").json()["upload"]

    answer = client_of(uploader_uli).get(f"/api/uploads/{failed}", HTTP_ACCEPT_LANGUAGE="ru")

    assert any("а" <= letter <= "я" for letter in answer.json()["detail"])


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"number": "-1"}, "number"),
        ({"number": "1.2345"}, "number"),
        ({"number": "NaN"}, "number"),
        ({"number": "Infinity"}, "number"),
        ({"number": "99999999"}, "number"),
        ({"language": "english!"}, "language"),
        ({"volume": "0"}, "volume"),
        ({"volume": "two"}, "volume"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"group": "x" * 101}, "group"),
    ],
)
def test_words_that_cannot_be_are_named(form, field, uploader_uli):
    answer = post_zip(uploader_uli, make_title(), make_chapter_zip(2), **form)

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]
    assert not Upload.objects.exists()


def test_a_request_without_a_file_is_invalid(uploader_uli):
    series = make_title()

    answer = client_of(uploader_uli).post(f"/api/series/{series.slug}/chapters", {"number": "1"})

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["file"]


def test_another_kind_of_body_is_not_taken(uploader_uli):
    series = make_title()

    answer = client_of(uploader_uli).post(
        f"/api/series/{series.slug}/chapters", {"number": "1"}, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_body_that_is_no_form_is_invalid(uploader_uli):
    series = make_title()

    answer = client_of(uploader_uli).generic(
        "POST", f"/api/series/{series.slug}/chapters", "--x", "multipart/form-data; boundary=\0"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_body_over_the_limit_is_refused_before_it_is_read(uploader_uli, settings):
    settings.UPLOAD_LIMITS = settings.UPLOAD_LIMITS | {"max_archive_bytes": 1000}

    answer = post_zip(uploader_uli, make_title(), bytes(150_000))

    assert (answer.status_code, answer.json()["code"]) == (422, "too_large")
    assert not Upload.objects.exists()


def test_a_zip_over_the_limit_is_too_large_and_no_strike(uploader_uli, settings):
    settings.UPLOAD_LIMITS = settings.UPLOAD_LIMITS | {"max_archive_bytes": 1000}

    answer = post_zip(uploader_uli, make_title(), make_chapter_zip(2))

    assert (answer.status_code, answer.json()["code"]) == (422, "too_large")
    assert not uploader_uli.strikes.exists()


def test_a_title_that_is_watched_has_no_chapters(uploader_uli):
    answer = post_zip(uploader_uli, make_title(kind=Kind.MOVIE), make_chapter_zip(2))

    assert answer.status_code == 404


def test_a_series_that_one_does_not_see_takes_nothing(uploader_uli):
    pending = make_title(moderation=Moderation.PENDING)

    answer = post_zip(uploader_uli, pending, make_chapter_zip(2))

    assert answer.status_code == 404


# --- Who may ------------------------------------------------------------------------------------


def test_a_reader_may_not_submit(reader_rina):
    answer = post_zip(reader_rina, make_title(), make_chapter_zip(2))

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_who_has_yet_to_confirm_the_address_may_not_submit():
    unconfirmed = make_user("new", "uploader", confirmed=False)

    answer = post_zip(unconfirmed, make_title(), make_chapter_zip(2))

    assert (answer.status_code, answer.json()["code"]) == (403, "unconfirmed")


def test_nobody_may_submit_without_logging_in():
    answer = post_zip(None, make_title(), make_chapter_zip(2))

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_a_ban_stops_uploads_with_a_token_from_before(uploader_uli, moderator_mo):
    client = client_of(uploader_uli)
    ban_user(uploader_uli, moderator=moderator_mo, reason="spam")

    answer = client.post("/api/series/1/chapters", {})

    assert (answer.status_code, answer.json()["code"]) == (403, "banned")


# --- Strikes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("hostile", HOSTILE_ARCHIVES[::7], ids=lambda hostile: hostile.title)
def test_only_intent_is_a_strike(hostile, uploader_uli):
    answer = post_zip(uploader_uli, make_title(), hostile.build()).json()
    extract_upload.run(answer.get("upload") or answer["id"])

    assert uploader_uli.strikes.count() == hostile.is_malicious


def test_the_third_malicious_upload_bans(uploader_uli):
    series = make_title()
    client = client_of(uploader_uli)
    for _number in range(2):
        post_zip(uploader_uli, series, MALICIOUS())
    uploader_uli.refresh_from_db()
    assert not uploader_uli.is_banned

    answer = post_zip(uploader_uli, series, MALICIOUS())

    assert answer.status_code == 422
    uploader_uli.refresh_from_db()
    assert uploader_uli.is_banned
    assert client.get("/api/auth/me").json()["code"] == "banned"
    form = {"username": "uli", "password": "felt-rug-shyrdak"}
    assert client_of(None).post("/api/auth/token", form).json()["code"] == "banned"


def test_a_strike_found_by_the_worker_counts_too(uploader_uli, settings):
    settings.STRIKES_TO_BAN = 1
    upload = make_upload(uploader=uploader_uli, state="received", archive=MALICIOUS_INSIDE())

    extract_upload.run(upload.pk)

    upload.refresh_from_db()
    uploader_uli.refresh_from_db()
    assert upload.malicious
    assert uploader_uli.is_banned


def test_three_hostile_zips_by_a_key_end_the_key_and_ban_no_admin(admin_aida):
    """Found at once or by the worker: the row says which key it came with."""
    series = make_title()
    _key, text = make_key(
        admin_aida, name="Tachiyomi", scopes=["upload"], expires_in_days=None, password=PASSWORD
    )
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    statuses: list[int] = []
    for build in (MALICIOUS, MALICIOUS, MALICIOUS_INSIDE):
        form = {"file": SimpleUploadedFile("c.zip", build()), "number": len(statuses)}
        statuses.append(program.post(f"/api/series/{series.slug}/chapters", form).status_code)

    extract_upload.run(Upload.objects.latest("pk").pk)

    assert statuses == [422, 422, 202]
    admin_aida.refresh_from_db()
    assert (admin_aida.strikes.count(), admin_aida.is_banned) == (3, False)
    assert program.get("/api/uploads").json()["code"] == "invalid_token"
    assert client_of(admin_aida).get("/api/auth/me").status_code == 200


def test_strikes_older_than_the_window_are_forgiven(uploader_uli, settings):
    series = make_title()
    for _number in range(2):
        post_zip(uploader_uli, series, MALICIOUS())
    uploader_uli.strikes.update(created_at=timezone.now() - settings.STRIKE_WINDOW)

    post_zip(uploader_uli, series, MALICIOUS())

    uploader_uli.refresh_from_db()
    assert not uploader_uli.is_banned


def test_zero_strikes_to_ban_never_bans(uploader_uli, settings):
    settings.STRIKES_TO_BAN = 0

    for _number in range(4):
        post_zip(uploader_uli, make_title(), MALICIOUS())

    uploader_uli.refresh_from_db()
    assert not uploader_uli.is_banned


# --- Quotas -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quota", "allowed"), [("uploads_per_day", 1), ("bytes_per_day", 20_000), ("waiting", 1)]
)
def test_over_a_quota_nothing_is_taken(quota, allowed, uploader_uli, settings):
    settings.QUOTAS = settings.QUOTAS | {quota: allowed}
    make_upload(uploader=uploader_uli, archive=make_chapter_zip(3, seed=1), state="received")

    answer = post_zip(uploader_uli, make_title(), make_chapter_zip(4, seed=2))

    assert (answer.status_code, answer.json()["code"]) == (429, "quota")
    assert Upload.objects.count() == 1


def test_yesterdays_uploads_are_not_counted(uploader_uli, settings):
    settings.QUOTAS = settings.QUOTAS | {"uploads_per_day": 1}
    make_upload(uploader=uploader_uli)
    Upload.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))

    answer = post_zip(uploader_uli, make_title(), make_chapter_zip(2))

    assert answer.status_code == 202


def test_quotas_may_be_off(uploader_uli, settings):
    settings.QUOTAS = dict.fromkeys(settings.QUOTAS)

    assert post_zip(uploader_uli, make_title(), make_chapter_zip(2)).status_code == 202


# --- What is kept -------------------------------------------------------------------------------


def test_an_accepted_zip_waits_to_be_extracted(uploader_uli):
    series = make_title()

    answer = post_zip(
        uploader_uli, series, make_chapter_zip(2), number="10.50", language="PT_br", volume="3",
        title="  The end ", group="Steppe Scans", filename="../../evil\u202e.zip",
    )  # fmt: skip

    assert answer.status_code == 202
    assert answer["Cache-Control"] == "private, no-store"
    row = client_of(uploader_uli).get(answer.json()["url"]).json()
    assert row["state"] == "received"
    assert row["progress"] == {"pages_done": 0, "pages_total": 2}
    assert row["filename"] == "evil.zip"
    assert row["series"]["slug"] == series.slug
    assert row["chapter"] | {"id": 0} == {
        "id": 0, "number": "10.5", "title": "The end", "language": "pt-br", "volume": 3,
        "group": {"slug": "steppe-scans", "name": "Steppe Scans"},
    }  # fmt: skip


def test_pages_are_kept_bit_for_bit_and_described(uploader_uli):
    archive = make_chapter_zip(3, format="png", cover=True, compressed=True, folder="Ch 1/")
    upload = make_upload(uploader=uploader_uli, archive=archive)

    pages = list(upload.pages.order_by("number"))

    assert [page.number for page in pages] == [0, 1, 2, 3]
    assert [page.name for page in pages][1] == "Ch 1/001.png"
    assert quarantine.read_page(upload, pages[2].sha256) == page_bytes("png", seed=2)
    assert {(p.content_type, p.width, p.height) for p in pages} == {("image/png", 120, 170)}
    assert upload.page_count == 4


def test_the_same_group_is_found_whatever_its_case(uploader_uli):
    for name in ("Steppe Scans", "steppe  SCANS", "steppe-scans"):
        post_zip(uploader_uli, make_title(), make_chapter_zip(2), group=name)

    assert Group.objects.count() == 1


def test_the_same_bytes_for_the_same_place_are_taken_once(uploader_uli):
    series, archive = make_title(), make_chapter_zip(2)
    post_zip(uploader_uli, series, archive, number="1")

    answer = post_zip(uploader_uli, series, archive, number="1.0")

    assert (answer.status_code, answer.json()["code"]) == (409, "already_submitted")
    assert len(list_names(quarantine_storage(), "")) == 1


def test_the_same_bytes_may_come_from_another_or_for_another_place(uploader_uli, outsider_otto):
    series, archive = make_title(), make_chapter_zip(2)
    post_zip(uploader_uli, series, archive, number="1")

    statuses = [
        post_zip(outsider_otto, series, archive, number="1").status_code,
        post_zip(uploader_uli, series, archive, number="2").status_code,
        post_zip(uploader_uli, series, archive, number="1", language="ky").status_code,
        post_zip(uploader_uli, series, archive).status_code,
    ]

    assert statuses == [202] * 4
    assert Chapter.objects.count() == 4


def test_a_withdrawn_zip_may_be_sent_again(uploader_uli):
    series, archive = make_title(), make_chapter_zip(2)
    first = post_zip(uploader_uli, series, archive).json()
    client_of(uploader_uli).delete(first["url"])

    assert post_zip(uploader_uli, series, archive).status_code == 202


# --- Who leaves meanwhile -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "archive",
    [make_chapter_zip(2, seed=33), b"no zip", MALICIOUS()],
    ids=["honest", "broken", "malicious"],
)
def test_who_leaves_while_their_zip_is_checked_is_told_so(archive, uploader_uli, monkeypatch):
    series = make_title()

    def preflight(*args, real=uploads.preflight):
        User.objects.filter(pk=uploader_uli.pk).delete()
        return real(*args)

    monkeypatch.setattr(uploads, "preflight", preflight)
    answer = post_zip(uploader_uli, series, archive)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert not Chapter.objects.exists()
    assert not Upload.objects.exists()
    assert list_names(quarantine_storage(), "") == []


# --- Withdrawing --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["received", "awaiting_review"])
def test_a_withdrawn_upload_leaves_no_file(state, uploader_uli):
    upload = make_upload(uploader=uploader_uli, state=state)

    answer = client_of(uploader_uli).delete(f"/api/uploads/{upload.pk}")

    assert answer.status_code == 204
    finish_due_work()
    assert find_leftovers() == []
    assert list_names(quarantine_storage(), "") == []


@pytest.mark.parametrize("state", ["publishing", "live"])
def test_what_is_decided_cannot_be_withdrawn(state, uploader_uli):
    upload = make_upload(uploader=uploader_uli, state=state)

    answer = client_of(uploader_uli).delete(f"/api/uploads/{upload.pk}")

    assert (answer.status_code, answer.json()["code"]) == (409, "already_decided")


# --- Trouble with the storage -------------------------------------------------------------------


@pytest.mark.parametrize("error", [FULL_DISK, BROKEN_BUCKET], ids=["full disk", "bucket says 500"])
@pytest.mark.parametrize("at", range(1, 3))
def test_a_zip_that_cannot_be_stored_is_refused_with_a_code(at, error, uploader_uli, settings):
    settings.STORAGES = failing_storages(settings.STORAGES)
    series, archive = make_title(), make_chapter_zip(2)

    trouble.fail_at(at, error)
    answer = post_zip(uploader_uli, series, archive, number="1")
    trouble.heal()

    assert answer.status_code == (503 if at == 1 else 202)
    if at == 1:
        assert answer.json()["code"] == "storage_unavailable"
        assert not Upload.objects.exists()
        assert post_zip(uploader_uli, series, archive, number="1").status_code == 202
    finish_due_work()
    assert Upload.objects.get().state == UploadState.AWAITING_REVIEW
    assert find_leftovers() == []
