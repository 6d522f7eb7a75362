"""What is removed together comes back together, but for what may not be shown any more."""

import pytest
from django.utils import timezone

from accounts.auth.authority import acting
from reader.intake.banned_pictures import ban_pictures
from reader.models import BannedPicture, Upload
from reader.publication.mass_removal import remove_uploads_of, restore_uploads
from reader.states import UploadState
from tests.cast import make_title, make_upload
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db


@pytest.fixture
def series():
    return make_title()


def remove_all(user, moderator) -> None:
    with acting(moderator):
        remove_uploads_of(user, moderator=moderator, reason="Malware.", moment=timezone.now())


def restore_all(uploads, moderator) -> dict[int, UploadState]:
    with acting(moderator):
        return restore_uploads(uploads, moderator=moderator)


def state_of(upload: Upload) -> str:
    return Upload.objects.values_list("state", flat=True).get(pk=upload.pk)


@pytest.mark.parametrize("state", ["live", "publishing"])
def test_what_was_banned_meanwhile_is_left(
    state, series, uploader_uli, outsider_otto, moderator_mo
):
    archive = make_chapter_zip(2, seed=700)
    bad = make_upload(uploader=uploader_uli, series=series, state=state, archive=archive)
    good = make_upload(uploader=uploader_uli, series=series, state=state)
    remove_all(uploader_uli, moderator_mo)
    copy = make_upload(uploader=outsider_otto, series=series, archive=archive)
    ban_pictures(copy, moderator=moderator_mo, reason="Gore.", numbers=[2])

    restored = restore_all(Upload.objects.filter(uploader=uploader_uli), moderator_mo)
    finish_due_work()

    assert restored == {good.pk: UploadState.PUBLISHING}
    assert (state_of(bad), state_of(good)) == ("deleted", "live")
    assert find_leftovers() == []


def test_of_two_at_one_place_the_one_that_may_be_shown_comes_back(
    series, uploader_uli, outsider_otto, moderator_mo
):
    archive = make_chapter_zip(2, seed=701)
    live = make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    newer = make_upload(
        uploader=uploader_uli, series=series, state="publishing", number=None, archive=archive
    )
    remove_all(uploader_uli, moderator_mo)
    copy = make_upload(uploader=outsider_otto, series=series, archive=archive)
    ban_pictures(copy, moderator=moderator_mo, reason="Gore.")

    restored = restore_all(Upload.objects.filter(uploader=uploader_uli), moderator_mo)

    assert restored == {live.pk: UploadState.PUBLISHING}
    assert state_of(newer) == "deleted"


def test_what_waits_for_review_comes_back_with_its_warning(
    series, uploader_uli, outsider_otto, moderator_mo
):
    archive = make_chapter_zip(3, seed=702)
    waiting = make_upload(uploader=uploader_uli, series=series, archive=archive)
    remove_all(uploader_uli, moderator_mo)
    copy = make_upload(uploader=outsider_otto, series=series, archive=archive)
    ban_pictures(copy, moderator=moderator_mo, reason="Gore.", numbers=[1, 3])

    restore_all(Upload.objects.filter(uploader=uploader_uli), moderator_mo)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.banned_pages) == (UploadState.AWAITING_REVIEW, 2)


def test_the_list_is_asked_in_one_go(
    series, uploader_uli, moderator_mo, django_assert_max_num_queries
):
    for _number in range(8):
        make_upload(uploader=uploader_uli, series=series, state="live")
        make_upload(uploader=uploader_uli, series=series)
    remove_all(uploader_uli, moderator_mo)
    BannedPicture.objects.create(
        sha256="0" * 64, perceptual_hash=0x0F0F0F0F0F0F, width=1, height=1, color="#000000"
    )

    with django_assert_max_num_queries(20):
        restored = restore_all(Upload.objects.all(), moderator_mo)

    assert len(restored) == 16
