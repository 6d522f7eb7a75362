"""From approved to readable and back: pointers, words, files, and a storage that breaks."""

from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from catalog.choices import Moderation
from catalog.models import Title
from common.files import media
from common.files.media import store_media, sweep_media
from common.files.storages import list_names, media_storage
from common.models import MediaFile
from common.work.leases import LeaseLost
from reader.intake.uploads import withdraw_upload
from reader.models import Chapter, Page, Upload, Volume
from reader.publication import publishing
from reader.publication.moderation import (
    approve_upload,
    reject_upload,
    restore_upload,
    take_down_upload,
)
from reader.publication.publishing import hide_upload, publish_upload
from reader.publication.series import approve_series
from reader.publication.variants import make_saver_pages
from reader.reading.chapters import release_due_chapters
from reader.states import UploadState
from tests.cast import client_of, make_title, make_upload
from tests.failing_storage import BROKEN_BUCKET, FULL_DISK, failing_storages, trouble
from tests.leftovers import end_lease, find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db


def test_the_chapter_takes_the_words_of_its_upload(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="publishing")
    Upload.objects.update(title="The end", volume_number=4)

    publish_upload.run(upload.pk)

    chapter = Chapter.objects.get()
    assert (chapter.title, chapter.page_count) == ("The end", 3)
    assert chapter.volume == Volume.objects.get(number=4)
    assert chapter.live_upload_id == upload.pk


def test_publishing_twice_changes_nothing(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="live")
    before = Chapter.objects.values().get()

    publish_upload.run(upload.pk)

    assert Chapter.objects.values().get() == before


def test_the_series_counts_its_chapters(uploader_uli, moderator_mo):
    series = make_title()
    first, second = (
        make_upload(uploader=uploader_uli, series=series, state="live") for _ in range(2)
    )
    take_down_upload(first, moderator=moderator_mo, reason="Asked to.")

    series.refresh_from_db()

    second.chapter.refresh_from_db()
    assert series.chapter_count == 1
    assert series.last_chapter_at == series.updated_at == second.chapter.published_at


def test_equal_pages_are_stored_once(uploader_uli):
    archive = make_chapter_zip(3, seed=8)

    for _number in range(2):
        make_upload(uploader=uploader_uli, archive=archive, state="live")

    assert Page.objects.count() == 6
    assert len(list_names(media_storage(), "")) == MediaFile.objects.count() == 3


def test_a_chapter_of_tomorrow_is_hidden_until_then(
    uploader_uli, django_capture_on_commit_callbacks
):
    series = make_title()
    upload = make_upload(uploader=uploader_uli, series=series, state="publishing")
    Chapter.objects.update(publish_at=timezone.now() + timedelta(days=1))
    anybody = client_of(None)
    address = f"/api/series/{series.slug}/chapters"
    with django_capture_on_commit_callbacks(execute=True):
        publish_upload.run(upload.pk)
        release_due_chapters()
    assert anybody.get(address).json()["count"] == 0
    assert anybody.get(f"/api/chapters/{upload.chapter_id}").status_code == 404
    assert Title.objects.get().chapter_count == 0

    Chapter.objects.update(publish_at=timezone.now() - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        release_due_chapters()

    assert anybody.get(address).json()["count"] == 1
    assert anybody.get(f"/api/chapters/{upload.chapter_id}").status_code == 200
    assert anybody.get("/api/chapters").json()["results"][0]["id"] == upload.chapter_id
    assert Title.objects.get().chapter_count == 1


def test_a_publisher_that_lost_its_lease_changes_nothing(uploader_uli, monkeypatch):
    upload = make_upload(uploader=uploader_uli, state="publishing")
    go_live = publishing._go_live

    def be_overtaken(*args):
        Upload.objects.update(lease_token=None)
        go_live(*args)

    monkeypatch.setattr(publishing, "_go_live", be_overtaken)
    with pytest.raises(LeaseLost):
        publish_upload.run(upload.pk)

    assert not Chapter.objects.public().exists()
    assert not Page.objects.filter(file__isnull=False).exists()


def test_a_file_that_was_swept_meanwhile_is_stored_again(uploader_uli, monkeypatch):
    upload = make_upload(uploader=uploader_uli, state="publishing")
    go_live = publishing._go_live

    def sweep_first(*args):
        monkeypatch.setattr(publishing, "_go_live", go_live)
        sweep_media(older_than=timedelta(0))
        go_live(*args)

    monkeypatch.setattr(publishing, "_go_live", sweep_first)
    publish_upload.run(upload.pk)
    finish_due_work()

    upload.refresh_from_db()
    assert upload.state == UploadState.LIVE
    assert find_leftovers() == []


def test_a_sweep_that_the_cdn_stopped_leaves_no_page_without_its_file(uploader_uli, monkeypatch):
    upload = make_upload(uploader=uploader_uli, state="publishing")
    go_live = publishing._go_live

    def refuse(_urls):
        raise httpx.ConnectError("no CDN")

    def sweep_first(*args):
        monkeypatch.setattr(publishing, "_go_live", go_live)
        with monkeypatch.context() as patch, pytest.raises(httpx.ConnectError):
            patch.setattr(media, "purge_from_cdn", refuse)
            sweep_media(older_than=timedelta(0))
        go_live(*args)

    monkeypatch.setattr(publishing, "_go_live", sweep_first)
    publish_upload.run(upload.pk)
    finish_due_work()

    upload.refresh_from_db()
    assert upload.state == UploadState.LIVE
    assert find_leftovers() == []


def test_a_take_down_while_its_variants_are_made_wins(uploader_uli, moderator_mo, monkeypatch):
    upload = make_upload(uploader=uploader_uli, state="live", archive=make_chapter_zip(
        2, format="png", size=(400, 600), seed=31
    ))  # fmt: skip
    real = store_media

    def take_down_first(*args):
        monkeypatch.setattr("reader.publication.variants.store_media", real)
        take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")
        hide_upload.run(upload.pk)
        return real(*args)

    monkeypatch.setattr("reader.publication.variants.store_media", take_down_first)
    with pytest.raises(LeaseLost):
        make_saver_pages.run(upload.pk)
    finish_due_work()

    assert list_names(media_storage(), "") == []
    assert find_leftovers() == []


def test_a_restored_upload_stays_though_a_hiding_worker_is_late(
    uploader_uli, moderator_mo, monkeypatch
):
    upload = make_upload(uploader=uploader_uli, state="live")
    take_down_upload(upload, moderator=moderator_mo, reason="Mistake.")
    store_page = publishing.quarantine.store_page

    def restore_first(*args):
        monkeypatch.setattr(publishing.quarantine, "store_page", store_page)
        restore_upload(upload, moderator=moderator_mo)
        publish_upload.run(upload.pk)
        store_page(*args)

    monkeypatch.setattr(publishing.quarantine, "store_page", restore_first)
    with pytest.raises(LeaseLost):
        hide_upload.run(upload.pk)

    assert client_of(None).get(f"/api/chapters/{upload.chapter_id}").status_code == 200
    finish_due_work()
    assert find_leftovers() == []


def test_pages_get_smaller_variants_that_are_told(uploader_uli):
    archive = make_chapter_zip(2, format="png", size=(400, 600), seed=12)
    upload = make_upload(uploader=uploader_uli, archive=archive, state="live")

    make_saver_pages.run(upload.pk)

    anybody = client_of(None)
    page = anybody.get(f"/api/chapters/{upload.chapter_id}").json()["pages"][0]
    saver = anybody.get(page["saver_url"])
    assert saver["Content-Type"] == "image/webp"
    assert int(saver["Content-Length"]) < page["bytes"]
    assert Upload.objects.get().variants_done


@pytest.mark.parametrize("error", [FULL_DISK, BROKEN_BUCKET], ids=["full disk", "bucket says 500"])
def test_publishing_that_met_trouble_ends_as_it_should(error, uploader_uli, settings):
    settings.STORAGES = failing_storages(settings.STORAGES)
    trouble.heal()
    archive = make_chapter_zip(2, format="png", size=(200, 300), seed=40)
    series = make_title()
    make_upload(uploader=uploader_uli, series=series, archive=archive, state="publishing")
    trouble.heal()
    finish_due_work()
    steps = trouble.count
    assert steps > 8

    for at in range(1, steps + 1):
        trouble.heal()
        upload = make_upload(
            uploader=uploader_uli, series=series, number=Decimal(at), state="publishing",
            archive=make_chapter_zip(2, format="png", size=(200, 300), seed=40 + at),
        )  # fmt: skip
        trouble.fail_at(at, error)
        for task in (publish_upload, publishing.purge_upload, make_saver_pages):
            task.work(upload.pk)
        trouble.heal()
        end_lease(upload)
        finish_due_work()
        upload.refresh_from_db()
        assert (upload.state, upload.variants_done) == (UploadState.LIVE, True), at
        assert find_leftovers() == [], at


@pytest.mark.parametrize("error", [FULL_DISK, BROKEN_BUCKET], ids=["full disk", "bucket says 500"])
def test_hiding_that_met_trouble_ends_as_it_should(error, uploader_uli, moderator_mo, settings):
    settings.STORAGES = failing_storages(settings.STORAGES)
    trouble.heal()
    upload = make_upload(uploader=uploader_uli, state="live")
    finish_due_work()

    for at in range(1, 20):
        trouble.heal()
        take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")
        trouble.fail_at(at, error)
        hide_upload.work(upload.pk)
        was_broken = trouble.count >= at
        trouble.heal()
        end_lease(upload)
        finish_due_work()
        assert list_names(media_storage(), "") == [], at
        assert find_leftovers() == [], at
        restore_upload(upload, moderator=moderator_mo)
        finish_due_work()
        assert find_leftovers() == [], at
        if not was_broken:
            break
    assert at > 6


def test_an_urgent_sweep_takes_every_file_of_a_long_upload(uploader_uli, moderator_mo, monkeypatch):
    monkeypatch.setattr(media, "_SWEEP_BATCH", 2)
    upload = make_upload(uploader=uploader_uli, state="live")
    take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")

    hide_upload.run(upload.pk)

    assert list_names(media_storage(), "") == []


def test_an_urgent_sweep_that_failed_is_made_good_by_the_next_round(
    uploader_uli, moderator_mo, settings
):
    upload = make_upload(uploader=uploader_uli, state="live")
    take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")
    settings.STORAGES = failing_storages(settings.STORAGES)
    trouble.fail_at(7, BROKEN_BUCKET)  # 3 reads, 3 writes, then the first deletion
    assert hide_upload.work(upload.pk) is False
    assert trouble.count == 7
    trouble.heal()

    media.sweep_unreferenced_media()

    assert list_names(media_storage(), "") == []


# --- Titles that are not public -----------------------------------------------------------------


@pytest.fixture
def held(uploader_uli, moderator_mo) -> Upload:
    """Approved, for a title that is not."""
    pending = make_title("Secret", moderation=Moderation.PENDING, slug=None, approved_at=None)
    upload = make_upload(uploader=uploader_uli, series=pending)
    approve_upload(upload, moderator=moderator_mo)
    return upload


def test_pages_stay_private_until_their_title_is_public(held, moderator_mo):
    publish_upload.run(held.pk)
    finish_due_work()

    held.refresh_from_db()
    assert held.state == UploadState.PUBLISHING
    assert list_names(media_storage(), "") == []
    assert find_leftovers() == []

    approve_series(held.chapter.series, moderator=moderator_mo)
    finish_due_work()

    assert Chapter.objects.public().filter(live_upload=held).exists()
    assert find_leftovers() == []


def test_a_title_that_is_approved_wakes_a_worker(
    held, moderator_mo, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as wake_ups:
        approve_series(held.chapter.series, moderator=moderator_mo)

    assert any("publish_upload" in str(wake_up) for wake_up in wake_ups)


def test_what_waits_for_its_title_may_still_be_refused(held, moderator_mo):
    reject_upload(held, moderator=moderator_mo, reason="The series does not come.")
    finish_due_work()

    entry = AuditEntry.objects.get(action="reject")
    assert (entry.from_state, entry.to_state) == ("publishing", "rejected")
    assert not held.pages.exists()
    assert find_leftovers() == []


def test_what_waits_for_its_title_may_be_taken_back(held, uploader_uli):
    withdraw_upload(held, user=uploader_uli)
    finish_due_work()

    held.refresh_from_db()
    assert held.state == UploadState.WITHDRAWN
    assert find_leftovers() == []


def test_a_title_hidden_while_its_chapter_is_published_keeps_it_back(
    held, moderator_mo, monkeypatch
):
    approve_series(held.chapter.series, moderator=moderator_mo)

    def hidden_meanwhile(*args, real=publishing.store_media):
        Title.objects.update(moderation=Moderation.DRAFT)
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "store_media", hidden_meanwhile)
        with pytest.raises(LeaseLost):
            publish_upload.run(held.pk)
    finish_due_work()

    held.refresh_from_db()
    assert held.state == UploadState.PUBLISHING
    assert list_names(media_storage(), "") == []
    assert find_leftovers() == []
