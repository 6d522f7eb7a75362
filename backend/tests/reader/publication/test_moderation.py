"""A moderator's decisions: who may, what they change, and that each is made once."""

from datetime import timedelta

import pytest

from accounts.auth.authority import Banned
from accounts.models import AuditEntry
from accounts.roles.bans import ban_user
from common.files.media import sweep_media
from common.http.errors import AlreadyDecided, Forbidden, Invalid
from reader.intake.uploads import AlreadySubmitted
from reader.models import Chapter, Upload
from reader.publication.moderation import (
    approve_upload,
    delete_pages,
    delete_upload,
    reject_upload,
    restore_upload,
    take_down_upload,
)
from reader.publication.publishing import hide_upload, publish_upload
from reader.states import UploadState
from safety.mass_deletion import delete_all_uploads
from tests.cast import client_of, make_title, make_upload
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db


def decisions_on(upload: Upload) -> list[tuple[str, str, str, str]]:
    entries = AuditEntry.objects.filter(subject_type="upload", subject_id=upload.pk).order_by("pk")
    return list(entries.values_list("action", "from_state", "to_state", "reason"))


def test_an_approved_upload_is_on_its_way(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)

    approve_upload(upload, moderator=moderator_mo)

    upload.refresh_from_db()
    assert (upload.state, upload.decided_by) == (UploadState.PUBLISHING, moderator_mo)
    assert decisions_on(upload) == [("approve", "awaiting_review", "publishing", "")]
    assert not Chapter.objects.public().exists()


def test_a_rejected_upload_never_becomes_public(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)

    reject_upload(upload, moderator=moderator_mo, reason=" Blurred. ")
    finish_due_work()

    assert not Chapter.objects.public().exists()
    assert find_leftovers() == []
    row = client_of(uploader_uli).get(f"/api/uploads/{upload.pk}").json()
    assert (row["state"], row["reason"], row["pages"]) == ("rejected", "Blurred.", [])
    assert decisions_on(upload) == [("reject", "awaiting_review", "rejected", "Blurred.")]


def test_a_rejection_says_why(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)

    with pytest.raises(Invalid) as refused:
        reject_upload(upload, moderator=moderator_mo, reason="  ")

    assert list(refused.value.fields or {}) == ["reason"]


@pytest.mark.parametrize(
    "decide",
    [
        lambda upload, user: approve_upload(upload, moderator=user),
        lambda upload, user: reject_upload(upload, moderator=user, reason="no"),
        lambda upload, user: take_down_upload(upload, moderator=user, reason="no"),
        lambda upload, user: delete_upload(upload, moderator=user, reason="no"),
        lambda upload, user: restore_upload(upload, moderator=user),
        lambda upload, user: delete_pages(upload, numbers=[1], moderator=user),
    ],
    ids=["approve", "reject", "take down", "delete", "restore", "delete pages"],
)
def test_only_moderators_decide(decide, uploader_uli):
    upload = make_upload(uploader=uploader_uli)

    with pytest.raises(Forbidden):
        decide(upload, uploader_uli)


def test_a_banned_moderator_decides_nothing(uploader_uli, moderator_mo, admin_aida):
    upload = make_upload(uploader=uploader_uli)
    ban_user(moderator_mo, moderator=admin_aida, reason="misuse")

    with pytest.raises(Banned, match="misuse"):
        approve_upload(upload, moderator=moderator_mo)


@pytest.mark.parametrize("state", ["received", "publishing", "live"])
def test_only_what_waits_is_approved_or_rejected(state, uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state=state)

    with pytest.raises(AlreadyDecided):
        approve_upload(upload, moderator=moderator_mo)
    with pytest.raises(AlreadyDecided):
        reject_upload(upload, moderator=moderator_mo, reason="late")


def test_the_second_of_two_moderators_is_told(uploader_uli, moderator_mo, moderator_max):
    upload = make_upload(uploader=uploader_uli)
    seen_by_max = Upload.objects.get(pk=upload.pk)
    approve_upload(upload, moderator=moderator_mo)

    with pytest.raises(AlreadyDecided, match="Being published"):
        reject_upload(seen_by_max, moderator=moderator_max, reason="Blurred.")

    upload.refresh_from_db()
    assert (upload.state, upload.decided_by) == (UploadState.PUBLISHING, moderator_mo)
    assert len(decisions_on(upload)) == 1


def test_a_taken_down_chapter_is_gone_at_once(
    uploader_uli, moderator_mo, django_capture_on_commit_callbacks
):
    upload = make_upload(uploader=uploader_uli, state="live")
    anybody = client_of(None)
    page = anybody.get(f"/api/chapters/{upload.chapter_id}").json()["pages"][0]["url"]

    with django_capture_on_commit_callbacks(execute=True):
        take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")
    assert anybody.get(f"/api/chapters/{upload.chapter_id}").status_code == 404
    finish_due_work(is_later=False)

    assert anybody.get(page).status_code == 404
    assert find_leftovers() == []
    assert decisions_on(upload)[-1] == ("take_down", "live", "taken_down", "Asked to.")


@pytest.mark.parametrize("remove", [take_down_upload, delete_upload])
@pytest.mark.parametrize("is_hidden", [True, False])
def test_a_removed_upload_can_be_restored(remove, is_hidden, uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state="live")
    before = client_of(None).get(f"/api/chapters/{upload.chapter_id}").json()["pages"]
    remove(upload, moderator=moderator_mo, reason="Mistake.")
    if is_hidden:
        hide_upload.run(upload.pk)

    restore_upload(upload, moderator=moderator_mo)
    publish_upload.run(upload.pk)
    finish_due_work()

    after = client_of(None).get(f"/api/chapters/{upload.chapter_id}").json()["pages"]
    assert [page["url"] for page in after] == [page["url"] for page in before]
    assert find_leftovers() == []


def test_what_was_sent_again_meanwhile_is_not_restored(uploader_uli, moderator_mo):
    archive = make_chapter_zip(2, seed=9)
    old = make_upload(uploader=uploader_uli, archive=archive, state="live")
    take_down_upload(old, moderator=moderator_mo, reason="Mistake.")
    make_upload(
        uploader=uploader_uli, archive=archive, series=old.chapter.series, number=old.chapter.number
    )

    with pytest.raises(AlreadySubmitted):
        restore_upload(old, moderator=moderator_mo)

    old.refresh_from_db()
    assert old.state == UploadState.TAKEN_DOWN


def test_a_replaced_upload_that_is_restored_does_not_come_over_the_new_one(
    uploader_uli, moderator_mo
):
    series = make_title()
    old = make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    new = make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Mistake.")
    restore_upload(new, moderator=moderator_mo)
    finish_due_work()

    restore_upload(old, moderator=moderator_mo)
    finish_due_work()

    old.refresh_from_db()
    assert (old.state, old.pages.count()) == (UploadState.SUPERSEDED, 0)
    assert Chapter.objects.get().live_upload == new
    assert decisions_on(old)[-1] == ("restore", "deleted", "superseded", "")
    assert find_leftovers() == []


def test_what_was_kept_long_enough_cannot_be_restored(uploader_uli, moderator_mo, settings):
    settings.TAKEN_DOWN_KEEP = settings.TAKEN_DOWN_KEEP * 0
    upload = make_upload(uploader=uploader_uli, state="live")
    take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")
    finish_due_work()

    with pytest.raises(AlreadyDecided):
        restore_upload(upload, moderator=moderator_mo)

    assert find_leftovers() == []
    assert not upload.pages.exists()


def test_a_page_that_lives_elsewhere_survives_a_take_down(uploader_uli, moderator_mo):
    archive = make_chapter_zip(3, seed=77)
    first, second = (
        make_upload(uploader=uploader_uli, archive=archive, state="live") for _ in range(2)
    )

    take_down_upload(first, moderator=moderator_mo, reason="Asked to.")
    finish_due_work()

    pages = client_of(None).get(f"/api/chapters/{second.chapter_id}").json()["pages"]
    assert [client_of(None).get(page["url"]).status_code for page in pages] == [200] * 3
    assert find_leftovers() == []


def test_a_better_upload_replaces_the_live_one(uploader_uli, outsider_otto):
    series = make_title()
    old = make_upload(uploader=uploader_uli, series=series, number="1", state="live")
    new = make_upload(
        uploader=outsider_otto, series=series, number=old.chapter.number, state="live"
    )

    finish_due_work()

    old.refresh_from_db()
    assert old.state == UploadState.SUPERSEDED
    assert new.chapter_id == old.chapter_id
    assert Chapter.objects.get().live_upload_id == new.pk
    assert old.pages.filter(file__isnull=False).count() == 3  # for those who read it now
    assert find_leftovers() == []


def test_a_take_down_takes_older_versions_of_the_same_pages_too(
    uploader_uli, outsider_otto, moderator_mo
):
    archive = make_chapter_zip(3, seed=78)
    old = make_upload(uploader=uploader_uli, archive=archive, state="live")
    new = make_upload(
        uploader=outsider_otto, series=old.chapter.series, number=old.chapter.number,
        archive=archive, state="live",
    )  # fmt: skip
    pages = client_of(None).get(f"/api/chapters/{new.chapter_id}").json()["pages"]

    take_down_upload(new, moderator=moderator_mo, reason="Asked to.")
    finish_due_work()
    sweep_media(older_than=timedelta(0))

    assert [client_of(None).get(page["url"]).status_code for page in pages] == [404] * 3
    assert not old.pages.exists()
    assert find_leftovers() == []


def test_a_rejected_second_upload_disturbs_nobody(uploader_uli, outsider_otto, moderator_mo):
    old = make_upload(uploader=uploader_uli, state="live")
    new = make_upload(uploader=outsider_otto, series=old.chapter.series, number=old.chapter.number)

    reject_upload(new, moderator=moderator_mo, reason="Worse.")
    finish_due_work()

    assert client_of(None).get(f"/api/chapters/{old.chapter_id}").status_code == 200
    assert find_leftovers() == []


def test_deleted_pages_leave_no_gap(uploader_uli, moderator_mo):
    archive = make_chapter_zip(5, cover=True, seed=5)
    upload = make_upload(uploader=uploader_uli, archive=archive)

    assert delete_pages(upload, numbers=[2, 4, 99], moderator=moderator_mo) == 2

    upload.refresh_from_db()
    names = list(upload.pages.order_by("number").values_list("number", "name"))
    assert names == [(0, "000.jpg"), (1, "001.jpg"), (2, "003.jpg"), (3, "005.jpg")]
    assert upload.page_count == 4
    assert decisions_on(upload)[-1][0] == "delete_pages"


def test_without_its_cover_a_chapter_begins_at_one(uploader_uli, moderator_mo):
    archive = make_chapter_zip(3, cover=True, seed=5)
    upload = make_upload(uploader=uploader_uli, archive=archive)

    delete_pages(upload, numbers=[0, 1], moderator=moderator_mo)

    numbers = list(upload.pages.order_by("number").values_list("number", "name"))
    assert numbers == [(1, "002.jpg"), (2, "003.jpg")]


def test_an_upload_keeps_at_least_one_page(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)

    with pytest.raises(Invalid):
        delete_pages(upload, numbers=[1, 2, 3], moderator=moderator_mo)

    assert upload.pages.count() == 3


def test_pages_of_a_decided_upload_stay(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state="publishing")

    with pytest.raises(AlreadyDecided):
        delete_pages(upload, numbers=[1], moderator=moderator_mo)
