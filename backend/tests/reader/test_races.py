"""Two who act at the same moment, in threads, on real transactions."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from common.files.media import hold_media, store_media, sweep_media
from common.files.storages import list_names, media_storage, quarantine_storage
from common.http.errors import AlreadyDecided
from common.models import MediaFile
from common.work.leases import LeaseLost
from reader.intake.extraction import extract_upload
from reader.intake.purging import purge_upload
from reader.intake.uploads import withdraw_upload
from reader.models import Chapter, Group, Upload
from reader.publication.moderation import approve_upload, reject_upload, take_down_upload
from reader.publication.publishing import hide_upload, publish_upload
from reader.publication.series import reject_series
from reader.publication.undoing import undo_decision
from reader.reading.chapters import create_volume, find_or_create_group
from reader.states import UploadState
from tests.at_once import run_at_once
from tests.cast import make_title, make_upload, post_zip
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_same_zip_sent_twice_at_once_is_taken_once(uploader_uli):
    series, archive = make_title(), make_chapter_zip(2)
    send = partial(post_zip, uploader_uli, series, archive, number="1", group="Steppe")

    answers = run_at_once(send, send, send)

    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 2}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"already_submitted"}
    assert Upload.objects.count() == Chapter.objects.count() == Group.objects.count() == 1
    assert len(list_names(quarantine_storage(), "")) == 1
    finish_due_work()
    assert find_leftovers() == []


def test_two_zips_for_one_chapter_at_once_share_it(uploader_uli, outsider_otto):
    series = make_title()

    answers = run_at_once(
        lambda: post_zip(uploader_uli, series, make_chapter_zip(2, seed=1), number="1"),
        lambda: post_zip(outsider_otto, series, make_chapter_zip(2, seed=2), number="1"),
        lambda: post_zip(outsider_otto, series, make_chapter_zip(2, seed=3), number="1"),
    )

    assert [answer.status_code for answer in answers] == [202] * 3
    assert Chapter.objects.count() == 1
    assert Upload.objects.count() == 3


def test_two_workers_extract_an_upload_once(uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="received")

    errors = run_at_once(*[lambda: extract_upload.run(upload.pk)] * 3)

    upload.refresh_from_db()
    assert errors == [None] * 3
    assert (upload.state, upload.attempts) == (UploadState.AWAITING_REVIEW, 0)
    assert upload.pages.count() == 3
    assert find_leftovers() == []


def test_of_two_moderators_one_wins_and_the_other_is_told(
    uploader_uli, moderator_mo, moderator_max
):
    upload = make_upload(uploader=uploader_uli)

    outcomes = run_at_once(
        lambda: approve_upload(Upload.objects.get(pk=upload.pk), moderator=moderator_mo),
        lambda: reject_upload(
            Upload.objects.get(pk=upload.pk), moderator=moderator_max, reason="Blurred."
        ),
    )

    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, AlreadyDecided: 1}
    finish_due_work()
    assert find_leftovers() == []


def test_approving_and_withdrawing_at_once_has_one_outcome(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)

    outcomes = run_at_once(
        lambda: approve_upload(Upload.objects.get(pk=upload.pk), moderator=moderator_mo),
        lambda: withdraw_upload(Upload.objects.get(pk=upload.pk), user=uploader_uli),
    )

    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, AlreadyDecided: 1}
    finish_due_work()
    assert find_leftovers() == []


def test_what_is_published_while_its_series_is_rejected_is_not_left_public(
    uploader_uli, moderator_mo
):
    for round_ in range(3):
        series = make_title(f"Title {round_}")
        live = [make_upload(uploader=uploader_uli, series=series, state="live") for _ in range(2)]
        coming = make_upload(uploader=uploader_uli, series=series, state="publishing")

        outcomes = run_at_once(
            partial(reject_series, series, moderator=moderator_mo, reason="Stolen."),
            partial(publish_upload.run, coming.pk),
            partial(take_down_upload, live[1], moderator=moderator_mo, reason="Blurred."),
        )

        assert outcomes[0] is None, outcomes
        assert {type(outcome) for outcome in outcomes} <= {type(None), LeaseLost, AlreadyDecided}
    assert not Upload.objects.filter(state=UploadState.LIVE).exists()
    finish_due_work()
    assert list_names(media_storage(), "") == []
    assert find_leftovers() == []


def test_extracting_and_withdrawing_at_once_leaves_nothing(uploader_uli):
    for seed in range(3):
        archive = make_chapter_zip(4, seed=50 + seed)
        upload = make_upload(uploader=uploader_uli, state="received", archive=archive)
        run_at_once(
            partial(extract_upload.run, upload.pk),
            partial(withdraw_upload, upload, user=uploader_uli),
        )

    finish_due_work()
    assert set(Upload.objects.values_list("state", flat=True)) == {UploadState.WITHDRAWN}
    assert list_names(quarantine_storage(), "") == []
    assert find_leftovers() == []


def test_volumes_made_at_once_number_themselves():
    series = make_title()

    volumes = run_at_once(*[lambda: create_volume(series)] * 4)

    assert sorted(volume.number for volume in volumes) == [1, 2, 3, 4]


def test_a_group_named_twice_at_once_is_made_once():
    groups = run_at_once(*[lambda: find_or_create_group("Steppe Scans")] * 4)

    assert len({group.pk for group in groups}) == 1


def test_two_chapters_that_go_live_at_once_are_both_counted(uploader_uli):
    series = make_title()
    uploads = [
        make_upload(uploader=uploader_uli, series=series, state="publishing") for _ in range(3)
    ]

    errors = run_at_once(*[partial(publish_upload.run, upload.pk) for upload in uploads])

    assert errors == [None] * 3
    series.refresh_from_db()
    assert series.chapter_count == 3
    finish_due_work()
    assert find_leftovers() == []


def test_two_uploads_of_a_chapter_that_go_live_at_once_leave_one(uploader_uli, outsider_otto):
    series = make_title()
    archive = make_chapter_zip(3, seed=60)
    first = make_upload(uploader=uploader_uli, series=series, state="publishing", archive=archive)
    second = make_upload(
        uploader=outsider_otto, series=series, number=first.chapter.number, state="publishing",
        archive=archive,
    )  # fmt: skip

    errors = run_at_once(*[partial(publish_upload.run, pk) for pk in (first.pk, second.pk)])

    assert errors == [None] * 2
    states = Counter(Upload.objects.values_list("state", flat=True))
    assert states == {UploadState.LIVE: 1, UploadState.SUPERSEDED: 1}
    finish_due_work()
    assert find_leftovers() == []


def test_replacing_and_taking_down_at_once_never_deadlocks(
    uploader_uli, outsider_otto, moderator_mo
):
    series = make_title()
    for seed in range(3):
        old = make_upload(uploader=uploader_uli, series=series, number=str(seed), state="live")
        new = make_upload(
            uploader=outsider_otto, series=series, number=old.chapter.number, state="publishing"
        )
        published, taken_down = run_at_once(
            partial(publish_upload.run, new.pk),
            partial(take_down_upload, old, moderator=moderator_mo, reason="Asked to."),
        )
        assert published is None
        assert taken_down is None or isinstance(taken_down, AlreadyDecided)

    finish_due_work()
    assert Chapter.objects.public().count() == 3
    assert find_leftovers() == []


def test_a_take_down_while_the_live_folder_is_purged_loses_no_page(uploader_uli, moderator_mo):
    for _number in range(3):
        upload = make_upload(uploader=uploader_uli, state="live")

        def take_down_and_hide(upload=upload):
            take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")
            hide_upload.run(upload.pk)

        errors = run_at_once(partial(purge_upload.run, upload.pk), take_down_and_hide)
        assert errors == [None, None]

    finish_due_work()
    assert find_leftovers() == []


def test_the_same_bytes_stored_and_swept_at_once_are_there_when_held():
    content = b"the same picture" * 100

    def publish():
        while True:
            file = store_media(content, "image/png")
            with transaction.atomic():
                if hold_media({file.pk}):
                    return file.pk

    for _round in range(5):
        pk, *_ = run_at_once(publish, *[lambda: sweep_media(older_than=timedelta(0))] * 2)
        file = MediaFile.objects.get(pk=pk)
        assert media_storage().exists(file.name)
        MediaFile.objects.update(unreferenced_since=file.created_at)


def test_two_who_store_the_same_bytes_get_one_file():
    files = run_at_once(*[lambda: store_media(b"the same picture", "image/png")] * 4)

    assert len({file.pk for file in files}) == 1
    assert len(list_names(media_storage(), "")) == 1


def test_two_take_downs_at_once_of_uploads_that_share_pages(uploader_uli, moderator_mo):
    archive = make_chapter_zip(4, seed=61)
    uploads = [make_upload(uploader=uploader_uli, state="live", archive=archive) for _ in range(2)]
    for upload in uploads:
        take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")

    errors = run_at_once(*[partial(hide_upload.run, upload.pk) for upload in uploads])

    assert [error for error in errors if not isinstance(error, LeaseLost)] == [None, None]
    finish_due_work()
    assert list_names(media_storage(), "") == []
    assert find_leftovers() == []


def test_a_decision_undone_as_its_work_is_done_ends_in_one_of_the_two(uploader_uli, moderator_mo):
    series = make_title()
    for seed in range(3):
        approved = make_upload(uploader=uploader_uli, series=series, number=str(seed))
        approve_upload(approved, moderator=moderator_mo)
        published, undone = run_at_once(
            partial(publish_upload.run, approved.pk),
            partial(undo_decision, approved, moderator=moderator_mo),
        )
        assert undone is None
        assert published is None or isinstance(published, LeaseLost)

        rejected = make_upload(uploader=uploader_uli, series=series, number=f"{seed}.5")
        reject_upload(rejected, moderator=moderator_mo, reason="Blurred.")
        soon = timezone.now() + timedelta(milliseconds=4)
        Upload.objects.filter(pk=rejected.pk).update(purge_after=soon)
        purged, undone = run_at_once(
            partial(purge_upload.run, rejected.pk),
            partial(undo_decision, rejected, moderator=moderator_mo),
        )
        assert purged is None
        assert undone is None or isinstance(undone, AlreadyDecided)

    finish_due_work()
    assert not Chapter.objects.public().exists()
    assert find_leftovers() == []
