"""What nobody needs goes, and nothing else."""

import os
import time
import uuid

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from common.files.storages import list_names, media_storage, quarantine_storage
from common.models import MediaFile
from reader.intake import quarantine
from reader.intake.purging import purge_upload, sweep_stray_folders
from reader.intake.uploads import withdraw_upload
from reader.models import Page, Upload
from reader.publication.moderation import reject_upload, take_down_upload
from reader.states import UploadState
from tests.cast import make_upload
from tests.failing_storage import BROKEN_BUCKET, failing_storages, trouble
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db


def make_old(folder: str) -> None:
    long_ago = time.time() - 2 * 86_400
    root = quarantine_storage().path(folder)
    for path, _folders, files in os.walk(root):
        for name in (path, *(f"{path}/{file}" for file in files)):
            os.utime(name, (long_ago, long_ago))


def test_a_live_uploads_private_files_go(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="live")

    purge_upload.run(upload.pk)
    assert len(list_names(quarantine_storage(), "")) == 4  # while its approval can be undone
    Upload.objects.update(purge_after=timezone.now())
    purge_upload.run(upload.pk)

    assert list_names(quarantine_storage(), "") == []
    assert Page.objects.count() == 3
    assert find_leftovers() == []


def test_a_superseded_uploads_pages_stay_for_a_week(uploader_uli, outsider_otto):
    old = make_upload(uploader=uploader_uli, state="live")
    make_upload(
        uploader=outsider_otto, series=old.chapter.series, number=old.chapter.number, state="live"
    )
    finish_due_work()
    assert old.pages.count() == 3

    Upload.objects.filter(pk=old.pk).update(purge_after=timezone.now())
    finish_due_work()

    assert not old.pages.exists()
    assert MediaFile.objects.filter(pages__isnull=False).count() == 3
    assert find_leftovers() == []


def test_shared_pages_are_spared(uploader_uli, outsider_otto, moderator_mo):
    archive = make_chapter_zip(3, seed=21)
    kept = make_upload(uploader=uploader_uli, archive=archive, state="live")
    gone = make_upload(uploader=outsider_otto, archive=archive, state="live")
    take_down_upload(gone, moderator=moderator_mo, reason="Twice.")
    Upload.objects.filter(pk=gone.pk).update(purge_after=timezone.now())

    finish_due_work()

    assert kept.pages.filter(file__isnull=False).count() == 3
    assert len(list_names(media_storage(), "")) >= 3
    assert find_leftovers() == []


def test_nothing_of_an_upload_that_is_under_way_is_purged(uploader_uli):
    upload = make_upload(uploader=uploader_uli)

    purge_upload.run(upload.pk)

    assert len(list_names(quarantine_storage(), "")) == 4


def test_nothing_is_purged_before_its_time(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state="live")
    take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")
    finish_due_work()

    purge_upload.run(upload.pk)

    assert upload.pages.count() == 3
    assert len(list_names(quarantine_storage(), "")) >= 3


@pytest.mark.parametrize("at", range(1, 6))
def test_a_purge_that_met_trouble_is_made_good(at, uploader_uli, moderator_mo, settings):
    settings.STORAGES = failing_storages(settings.STORAGES)
    trouble.heal()
    upload = make_upload(uploader=uploader_uli)
    reject_upload(upload, moderator=moderator_mo, reason="Blurred.")

    trouble.fail_at(at, BROKEN_BUCKET)
    purge_upload.work(upload.pk)
    trouble.heal()
    finish_due_work()

    assert list_names(quarantine_storage(), "") == []
    assert find_leftovers() == []


def test_a_folder_without_a_row_is_swept_after_a_day(uploader_uli):
    kept = make_upload(uploader=uploader_uli)
    stray, fresh = uuid.uuid4(), uuid.uuid4()
    for folder in (stray, fresh):
        quarantine.store_archive(folder, ContentFile(b"left behind"))
    make_old(quarantine.folder_name(stray))
    make_old(quarantine.folder_name(kept.folder))

    assert sweep_stray_folders() == 1

    assert {name.split("/")[1] for name in list_names(quarantine_storage(), "")} == {
        kept.folder.hex, fresh.hex,
    }  # fmt: skip


def test_what_a_killed_worker_wrote_after_a_withdrawal_is_swept(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="received")
    withdraw_upload(upload, user=uploader_uli)
    finish_due_work()
    quarantine.store_page(upload, "0" * 64, b"written late")
    make_old(quarantine.folder_name(upload.folder))

    sweep_stray_folders()

    assert list_names(quarantine_storage(), "") == []


def test_what_can_still_be_restored_is_not_swept(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state="live")
    take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")
    finish_due_work()
    make_old(quarantine.folder_name(upload.folder))

    assert sweep_stray_folders() == 0

    assert find_leftovers() == []


def test_a_foreign_folder_does_not_stop_the_sweep():
    quarantine_storage().save("uploads/lost+found/x", ContentFile(b"x"))
    make_old("uploads/lost+found")

    assert sweep_stray_folders() == 0


def test_purging_a_live_upload_twice_changes_nothing(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="live")
    purge_upload.run(upload.pk)

    purge_upload.run(upload.pk)

    upload.refresh_from_db()
    assert (upload.state, upload.pages.count()) == (UploadState.LIVE, 3)
    assert find_leftovers() == []
