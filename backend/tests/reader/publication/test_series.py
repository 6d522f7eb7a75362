"""A series is hidden for a while, or rejected: then its pictures leave the public folder."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import AuditEntry
from catalog.covers import make_thumbnails, set_cover
from catalog.models import Cover
from common.files.media import media_url
from common.files.storages import list_names, media_storage
from common.http.errors import AlreadyDecided, Forbidden, Invalid
from common.work.background import SCHEDULE
from reader.models import Chapter, Upload
from reader.publication.moderation import restore_upload, take_down_upload
from reader.publication.publishing import hide_upload, publish_upload
from reader.publication.series import approve_series, reject_series, unpublish_series
from reader.states import UploadState
from tests.cast import client_of, make_title, make_upload
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import draw_page, save

pytestmark = pytest.mark.django_db


@pytest.fixture
def series():
    return make_title()


def page_urls(upload: Upload) -> list[str]:
    return [media_url(page.file.name) for page in upload.pages.select_related("file")]


def statuses(urls: list[str]) -> set[int]:
    return {client_of(None).get(url).status_code for url in urls}


def test_the_pages_of_a_rejected_series_are_public_no_more(series, uploader_uli, moderator_mo):
    old = make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    new = make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    urls = page_urls(old) + page_urls(new)
    assert statuses(urls) == {200}

    reject_series(series, moderator=moderator_mo, reason=" Stolen. ")
    assert client_of(None).get(f"/api/chapters/{new.chapter_id}").status_code == 404
    finish_due_work(is_later=False)

    assert statuses(urls) == {404}
    assert set(Upload.objects.values_list("state", "removed_from", "reason", "decided_by")) == {
        ("taken_down", "live", "Stolen.", moderator_mo.pk),
        ("taken_down", "superseded", "Stolen.", moderator_mo.pk),
    }
    assert AuditEntry.objects.filter(action="take_down", reason="Stolen.").count() == 2
    series.refresh_from_db()
    assert (series.moderation, series.chapter_count) == ("rejected", 0)
    finish_due_work()
    assert find_leftovers() == []


def test_its_workers_are_woken_at_once(
    series, uploader_uli, moderator_mo, django_capture_on_commit_callbacks
):
    upload = make_upload(uploader=uploader_uli, series=series, state="live")

    with django_capture_on_commit_callbacks() as wake_ups:
        reject_series(series, moderator=moderator_mo, reason="Stolen.")

    assert [wake_up.args[0] for wake_up in wake_ups if getattr(wake_up, "args", None)] == [
        "events", hide_upload.name,
    ]  # fmt: skip
    assert any(upload.pk in getattr(wake_up, "args", ()) for wake_up in wake_ups)


def test_its_cover_goes_with_the_next_sweep(series, moderator_mo):
    picture = ContentFile(save(draw_page((200, 300), seed=3), "jpeg"), name="cover.jpg")
    cover = set_cover(series, picture, moderator=moderator_mo)
    make_thumbnails.run(cover.pk)
    cover.refresh_from_db()
    url = media_url(cover.original.name)
    assert statuses([url]) == {200}

    reject_series(series, moderator=moderator_mo, reason="Stolen.")
    SCHEDULE["common.files.media.sweep_unreferenced_media"].run()

    assert statuses([url]) == {404}
    assert list_names(media_storage(), "") == []
    assert not Cover.objects.exists()


def test_what_is_on_its_way_or_of_another_series_stays_as_it_is(series, uploader_uli, moderator_mo):
    waiting = make_upload(uploader=uploader_uli, series=series)
    approved = make_upload(uploader=uploader_uli, series=series, state="publishing")
    other = make_upload(uploader=uploader_uli, series=make_title("Other"), state="live")
    gone = make_upload(uploader=uploader_uli, series=series, state="live")
    take_down_upload(gone, moderator=moderator_mo, reason="Blurred.")

    reject_series(series, moderator=moderator_mo, reason="Stolen.")
    finish_due_work()

    states = dict(Upload.objects.values_list("pk", "state"))
    assert states == {
        waiting.pk: "awaiting_review", approved.pk: "publishing", other.pk: "live",
        gone.pk: "taken_down",
    }  # fmt: skip
    gone.refresh_from_db()
    assert gone.reason == "Blurred."
    assert find_leftovers() == []


def test_what_a_rejection_took_down_can_be_restored(series, uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, series=series, state="live")
    urls = page_urls(upload)
    reject_series(series, moderator=moderator_mo, reason="Stolen.")
    finish_due_work()

    restore_upload(upload, moderator=moderator_mo)
    finish_due_work()
    assert statuses(urls) == {404}  # it waits for its title
    approve_series(series, moderator=moderator_mo)
    finish_due_work()

    assert statuses(urls) == {200}
    assert Chapter.objects.public().get().live_upload == upload
    assert find_leftovers() == []


def test_nothing_is_taken_down_by_a_rejection_that_is_refused(series, uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, series=series, state="live")

    with pytest.raises(Forbidden):
        reject_series(series, moderator=uploader_uli, reason="Mine!")
    with pytest.raises(Invalid):
        reject_series(series, moderator=moderator_mo, reason="  ")
    upload.refresh_from_db()
    assert upload.state == UploadState.LIVE
    reject_series(series, moderator=moderator_mo, reason="Stolen.")
    with pytest.raises(AlreadyDecided):
        reject_series(series, moderator=moderator_mo, reason="Stolen.")


def test_the_cost_of_a_rejection_does_not_grow_with_the_chapters(
    uploader_uli, moderator_mo, django_assert_max_num_queries
):
    series = make_title()
    for _number in range(12):
        make_upload(uploader=uploader_uli, series=series, state="live")

    with django_assert_max_num_queries(30):
        reject_series(series, moderator=moderator_mo, reason="Stolen.")

    assert set(Upload.objects.values_list("state", flat=True)) == {"taken_down"}


def test_an_unpublished_series_comes_back_as_it_was(series, uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, series=series, state="live")
    urls = page_urls(upload)

    unpublish_series(series, moderator=moderator_mo)
    finish_due_work()
    hidden = client_of(None).get(f"/api/chapters/{upload.chapter_id}").status_code
    approve_series(series, moderator=moderator_mo)

    shown = client_of(None).get(f"/api/chapters/{upload.chapter_id}")
    assert (hidden, shown.status_code, statuses(urls)) == (404, 200, {200})
    series.refresh_from_db()
    assert series.chapter_count == 1


def test_a_draft_that_was_public_is_taken_down_when_it_is_rejected(
    series, uploader_uli, moderator_mo
):
    upload = make_upload(uploader=uploader_uli, series=series, state="live")
    urls = page_urls(upload)
    unpublish_series(series, moderator=moderator_mo)

    reject_series(series, moderator=moderator_mo, reason="Stolen.")
    finish_due_work()

    assert statuses(urls) == {404}


def test_a_chapter_of_next_week_is_taken_down_too(series, uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, series=series, state="live")
    Chapter.objects.update(publish_at=timezone.now() + timedelta(days=7))
    publish_upload.run(upload.pk)

    reject_series(series, moderator=moderator_mo, reason="Stolen.")
    finish_due_work()

    assert list_names(media_storage(), "") == []
