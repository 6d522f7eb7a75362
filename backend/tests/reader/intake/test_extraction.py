"""What a worker makes of an accepted zip: once, whatever dies, is slow or fails meanwhile."""

import pytest

from common.files.storages import list_names, quarantine_storage
from common.work import leases
from common.work.leases import LeaseLost, claim
from reader.intake import extraction, quarantine
from reader.intake.extraction import MAX_ATTEMPTS, extract_upload
from reader.intake.uploads import withdraw_upload
from reader.models import Upload
from reader.states import UploadState
from tests.cast import client_of, make_title, make_upload, post_zip
from tests.failing_storage import BROKEN_BUCKET, FULL_DISK, failing_storages, trouble
from tests.leftovers import end_lease, find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip, zip_of_page

pytestmark = pytest.mark.django_db


def test_extracting_twice_changes_nothing(uploader_uli):
    upload = make_upload(uploader=uploader_uli)
    before = list(upload.pages.values_list("pk", flat=True))

    extract_upload.run(upload.pk)

    assert list(upload.pages.values_list("pk", flat=True)) == before


def test_a_row_that_a_worker_holds_is_not_due(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="received")
    assert list(extract_upload.due()) == [upload.pk]

    claim(Upload.objects.all(), upload.pk, state=UploadState.EXTRACTING)

    assert list(extract_upload.due()) == []
    end_lease(upload)
    assert list(extract_upload.due()) == [upload.pk]


def test_a_killed_workers_upload_is_finished_by_the_next(uploader_uli, monkeypatch):
    upload = make_upload(uploader=uploader_uli, state="received")

    def be_killed(*_args, **_found):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(extraction, "_hand_over", be_killed)
        extract_upload.run(upload.pk)
    finish_due_work()

    upload.refresh_from_db()
    assert (upload.state, upload.pages.count()) == (UploadState.AWAITING_REVIEW, 3)
    assert find_leftovers() == []


def test_an_upload_that_kills_every_worker_is_given_up(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="received")
    Upload.objects.update(attempts=MAX_ATTEMPTS)

    extract_upload.run(upload.pk)

    row = client_of(uploader_uli).get(f"/api/uploads/{upload.pk}").json()
    assert (row["state"], row["error_code"], row["malicious"]) == ("failed", "gave_up", False)
    finish_due_work()
    assert find_leftovers() == []


def test_an_archive_that_vanished_is_given_up_in_the_end(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="received")
    quarantine.delete_folder(upload.folder)

    for _attempt in range(MAX_ATTEMPTS + 1):
        extract_upload.work(upload.pk)
        end_lease(upload)

    upload.refresh_from_db()
    assert upload.error_code == "gave_up"


def test_an_upload_that_takes_too_long_fails(uploader_uli, settings):
    settings.UPLOAD_MAX_SECONDS = -1
    upload = make_upload(uploader=uploader_uli, state="received")

    extract_upload.run(upload.pk)

    upload.refresh_from_db()
    assert (upload.state, upload.error_code) == (UploadState.FAILED, "too_large")
    finish_due_work()
    assert find_leftovers() == []


@pytest.mark.parametrize("archive", [make_chapter_zip(3), zip_of_page(b"just words", "3.jpg")])
def test_what_is_written_after_a_withdrawal_goes(archive, uploader_uli, monkeypatch):
    upload = make_upload(uploader=uploader_uli, state="received", archive=archive)
    store_page = quarantine.store_page

    def withdraw_first(*args):
        if Upload.objects.filter(pk=upload.pk, state=UploadState.EXTRACTING).exists():
            withdraw_upload(upload, user=uploader_uli)
            finish_due_work()
        store_page(*args)

    monkeypatch.setattr(quarantine, "store_page", withdraw_first)
    extract_upload.run(upload.pk)

    upload.refresh_from_db()
    assert upload.state == UploadState.WITHDRAWN
    assert find_leftovers() == []
    assert list_names(quarantine_storage(), "") == []


def test_a_worker_that_lost_its_lease_writes_nothing(uploader_uli, monkeypatch):
    upload = make_upload(uploader=uploader_uli, state="received")
    written = []

    def lose_lease(*_args, **_changes):
        raise LeaseLost(upload.pk)

    monkeypatch.setattr("common.work.leases.Lease.keep", lose_lease)
    monkeypatch.setattr(quarantine, "store_page", lambda *args: written.append(args))
    extract_upload.run(upload.pk)

    upload.refresh_from_db()
    assert written == []
    assert upload.state == UploadState.EXTRACTING
    assert not upload.pages.exists()


def test_pages_are_not_handed_over_by_a_worker_whose_lease_another_has(uploader_uli, monkeypatch):
    upload = make_upload(uploader=uploader_uli, state="received")
    hand_over = extraction._hand_over

    def be_overtaken(*args, **found):
        monkeypatch.setattr(extraction, "_hand_over", hand_over)
        end_lease(upload)
        extract_upload.run(upload.pk)
        hand_over(*args, **found)

    monkeypatch.setattr(extraction, "_hand_over", be_overtaken)
    extract_upload.run(upload.pk)

    upload.refresh_from_db()
    assert (upload.state, upload.pages.count()) == (UploadState.AWAITING_REVIEW, 3)
    assert find_leftovers() == []


def test_progress_is_told_every_few_seconds_and_not_every_page(uploader_uli, monkeypatch):
    archive = make_chapter_zip(12, seed=31)
    upload = make_upload(uploader=uploader_uli, state="received", archive=archive)
    clock, seen = [1000.0], []
    monkeypatch.setattr(leases.time, "monotonic", lambda: clock[0])

    def store_page(*args, real=quarantine.store_page):
        real(*args)
        seen.append(Upload.objects.values_list("pages_done", flat=True).get(pk=upload.pk))
        clock[0] += 0.5

    monkeypatch.setattr(quarantine, "store_page", store_page)
    extract_upload.run(upload.pk)

    assert seen == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8]
    upload.refresh_from_db()
    assert (upload.state, upload.pages_done) == (UploadState.AWAITING_REVIEW, 12)


# --- What ComicInfo.xml says ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("submitted", "document", "expected"),
    [
        ("", "<ComicInfo><Title> Жол </Title><Series>Other</Series></ComicInfo>", "Жол"),
        ("Mine", "<ComicInfo><Title>Theirs</Title></ComicInfo>", "Mine"),
        ("", f"<ComicInfo><Title>{'long ' * 100}</Title></ComicInfo>", ("long " * 40).strip()),
        ("", "<ComicInfo><Title>broken", ""),
        ("", '<!DOCTYPE a [<!ENTITY b "c">]><a><Title>&b;</Title></a>', ""),
    ],
    ids=["read", "the form comes first", "cut", "broken", "an entity"],
)
def test_the_title_of_comic_info_stands_in_where_none_was_typed(
    submitted, document, expected, uploader_uli
):
    archive = make_chapter_zip(2, seed=32, extra_files={"ComicInfo.xml": document.encode()})
    answer = post_zip(uploader_uli, make_title(), archive, title=submitted)

    extract_upload.run(answer.json()["id"])

    upload = Upload.objects.get()
    assert (upload.state, upload.title) == (UploadState.AWAITING_REVIEW, expected)
    assert upload.pages.count() == 2


# --- Trouble with the storage -------------------------------------------------------------------


@pytest.mark.parametrize("error", [FULL_DISK, BROKEN_BUCKET], ids=["full disk", "bucket says 500"])
@pytest.mark.parametrize("archive", [make_chapter_zip(3), zip_of_page(b"<?php id();")])
def test_an_extraction_that_met_trouble_ends_as_it_should(archive, error, uploader_uli, settings):
    settings.STORAGES = failing_storages(settings.STORAGES)
    settings.STRIKES_TO_BAN = 0  # the script is sent more than three times
    trouble.heal()
    healthy = make_upload(uploader=uploader_uli, state="received", archive=archive)
    trouble.heal()
    finish_due_work()
    healthy.refresh_from_db()
    steps = trouble.count
    assert steps > 3

    for at in range(1, steps + 1):
        upload = make_upload(uploader=uploader_uli, state="received", archive=archive)
        trouble.fail_at(at, error)
        extract_upload.work(upload.pk)
        trouble.heal()
        finish_due_work()
        upload.refresh_from_db()
        assert upload.state == healthy.state
        assert upload.error_code == healthy.error_code
        assert find_leftovers() == [], at


def test_a_long_outage_uses_no_attempts_up(uploader_uli, settings):
    settings.STORAGES = failing_storages(settings.STORAGES)
    trouble.heal()
    upload = make_upload(uploader=uploader_uli, state="received")

    for _attempt in range(MAX_ATTEMPTS + 2):
        trouble.fail_at(1, BROKEN_BUCKET)
        assert extract_upload.work(upload.pk) is False
        end_lease(upload)
    trouble.heal()
    finish_due_work()

    upload.refresh_from_db()
    assert upload.state == UploadState.AWAITING_REVIEW
