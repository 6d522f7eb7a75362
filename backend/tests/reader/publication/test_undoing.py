"""Ten seconds in which a decision can be taken back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import AuditEntry
from common.http.errors import AlreadyDecided, Forbidden
from reader.intake.banned_pictures import ban_pictures
from reader.intake.purging import purge_upload
from reader.intake.uploads import AlreadySubmitted
from reader.models import BannedPicture, Chapter, Upload
from reader.publication.moderation import approve_upload, reject_upload
from reader.publication.publishing import hide_upload, publish_upload
from reader.publication.undoing import undo_decision
from reader.states import UploadState
from tests.cast import client_of, make_title, make_upload
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db


def state_of(upload: Upload) -> str:
    return Upload.objects.get(pk=upload.pk).state


def let_the_time_pass(upload: Upload) -> None:
    past = timezone.now() - settings.DECISION_UNDO
    Upload.objects.filter(pk=upload.pk).update(decided_at=past, purge_after=timezone.now())


def test_an_undone_rejection_waits_again_with_all_its_pages(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)

    reject_upload(upload, moderator=moderator_mo, reason="Blurred.")
    purge_upload.run(upload.pk)
    assert state_of(upload) == UploadState.REJECTED
    undo_decision(upload, moderator=moderator_mo)
    finish_due_work()

    upload.refresh_from_db()
    assert (upload.state, upload.reason, upload.decided_by) == ("awaiting_review", "", None)
    assert upload.pages.count() == upload.page_count
    assert find_leftovers() == []
    entry = AuditEntry.objects.get(action="undo_reject", subject_id=upload.pk)
    assert (entry.actor, entry.from_state, entry.to_state) == (
        moderator_mo, "rejected", "awaiting_review",
    )  # fmt: skip


def test_the_pictures_of_a_rejection_are_banned_no_more(uploader_uli, moderator_mo):
    archive = make_chapter_zip(3, seed=9)
    upload, copy = (make_upload(uploader=uploader_uli, archive=archive) for _number in range(2))
    ban_pictures(upload, moderator=moderator_mo, reason="Before.", numbers=[1])
    BannedPicture.objects.update(created_at=timezone.now() - timedelta(hours=1))

    reject_upload(upload, moderator=moderator_mo, reason="Gore.", ban=[2, 3])
    undo_decision(upload, moderator=moderator_mo)

    assert list(BannedPicture.objects.values_list("page_number", flat=True)) == [1]
    assert [Upload.objects.get(pk=u.pk).banned_pages for u in (upload, copy)] == [1, 1]


@pytest.mark.parametrize("is_live", [False, True])
def test_an_undone_approval_shows_what_was_there_before(
    is_live, uploader_uli, moderator_mo, django_capture_on_commit_callbacks
):
    series = make_title()
    old = make_upload(uploader=uploader_uli, series=series, number=Decimal(1), state="live")
    finish_due_work()
    before = client_of(None).get(f"/api/chapters/{old.chapter_id}").json()
    new = make_upload(uploader=uploader_uli, series=series, number=Decimal(1))
    Upload.objects.filter(pk=new.pk).update(title="Another")

    approve_upload(new, moderator=moderator_mo)
    if is_live:
        publish_upload.run(new.pk)
        purge_upload.run(new.pk)
        assert Chapter.objects.get().live_upload == new
    with django_capture_on_commit_callbacks(execute=True):
        undo_decision(new, moderator=moderator_mo)
    publish_upload.run(new.pk)

    assert state_of(new) == UploadState.AWAITING_REVIEW
    assert client_of(None).get(f"/api/chapters/{old.chapter_id}").json() == before
    finish_due_work()
    assert find_leftovers() == []
    approve_upload(new, moderator=moderator_mo)
    finish_due_work()
    assert Chapter.objects.get().live_upload == new
    assert find_leftovers() == []


def test_an_undone_first_publication_leaves_nothing_public(
    uploader_uli, moderator_mo, django_capture_on_commit_callbacks
):
    upload = make_upload(uploader=uploader_uli)
    approve_upload(upload, moderator=moderator_mo)
    publish_upload.run(upload.pk)
    anybody = client_of(None)
    page = anybody.get(f"/api/chapters/{upload.chapter_id}").json()["pages"][0]["url"]

    with django_capture_on_commit_callbacks(execute=True):
        undo_decision(upload, moderator=moderator_mo)
    assert anybody.get(f"/api/chapters/{upload.chapter_id}").status_code == 404
    hide_upload.run(upload.pk)

    assert anybody.get(page).status_code == 404
    assert Chapter.objects.get().published_at is None
    assert find_leftovers() == []


def test_a_rejection_soon_after_an_undone_publication_leaves_nothing(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)
    approve_upload(upload, moderator=moderator_mo)
    publish_upload.run(upload.pk)
    undo_decision(upload, moderator=moderator_mo)

    reject_upload(upload, moderator=moderator_mo, reason="Blurred.")
    finish_due_work()

    assert state_of(upload) == UploadState.REJECTED
    assert find_leftovers() == []


@pytest.mark.parametrize("decide", ["approve", "reject"])
def test_after_ten_seconds_it_is_final(decide, uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)
    if decide == "approve":
        approve_upload(upload, moderator=moderator_mo)
    else:
        reject_upload(upload, moderator=moderator_mo, reason="Blurred.")
    decided = state_of(upload)
    let_the_time_pass(upload)

    with pytest.raises(AlreadyDecided):
        undo_decision(upload, moderator=moderator_mo)

    assert state_of(upload) == decided


def test_a_purge_that_was_cut_off_is_never_undone(uploader_uli, moderator_mo, monkeypatch):
    upload = make_upload(uploader=uploader_uli)
    reject_upload(upload, moderator=moderator_mo, reason="Blurred.")
    let_the_time_pass(upload)
    with monkeypatch.context() as patch:
        patch.setattr("reader.intake.purging._drop_pages", lambda upload: 1 / 0)
        assert not purge_upload.work(upload.pk)

    with pytest.raises(AlreadyDecided):
        undo_decision(upload, moderator=moderator_mo)
    finish_due_work()

    assert find_leftovers() == []


def test_only_who_decided_takes_it_back(uploader_uli, moderator_mo, moderator_max):
    upload = make_upload(uploader=uploader_uli)
    reject_upload(upload, moderator=moderator_mo, reason="Blurred.")

    with pytest.raises(Forbidden):
        undo_decision(upload, moderator=uploader_uli)
    with pytest.raises(AlreadyDecided):
        undo_decision(upload, moderator=moderator_max)


def test_what_nobody_decided_is_not_undone(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)

    with pytest.raises(AlreadyDecided):
        undo_decision(upload, moderator=moderator_mo)


def test_a_zip_that_was_sent_again_meanwhile_stays_the_one(uploader_uli, moderator_mo):
    series, archive = make_title(), make_chapter_zip(2)
    words = {"uploader": uploader_uli, "series": series, "archive": archive, "number": Decimal(1)}
    upload = make_upload(**words)
    reject_upload(upload, moderator=moderator_mo, reason="Blurred.")
    make_upload(**words)

    with pytest.raises(AlreadySubmitted):
        undo_decision(upload, moderator=moderator_mo)

    assert state_of(upload) == UploadState.REJECTED


def test_a_rejected_one_that_waited_for_its_title_is_approved_again(uploader_uli, moderator_mo):
    series = make_title(moderation="pending")
    upload = make_upload(uploader=uploader_uli, series=series)
    approve_upload(upload, moderator=moderator_mo)
    reject_upload(upload, moderator=moderator_mo, reason="Blurred.")

    undo_decision(upload, moderator=moderator_mo)

    upload.refresh_from_db()
    assert (upload.state, upload.decided_by) == (UploadState.PUBLISHING, moderator_mo)
