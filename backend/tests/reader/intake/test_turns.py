"""Nobody's zips hold up another person's: turns by uploader, and a day's time of checking."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.profile.account_deletion import delete_account
from common.files.pictures.decoding import PictureDecoder
from common.work.leases import claim
from mangakg.worker import run_due_rows
from reader.intake import extraction
from reader.intake.extraction import extract_upload
from reader.models import ExtractionTurn, Upload
from reader.publication.moderation import restore_upload
from reader.states import UploadState
from safety.mass_deletion import delete_all_uploads
from tests.cast import PASSWORD, client_of, make_title, make_upload, make_upload_row, post_zip
from tests.leftovers import end_lease, find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db


@pytest.fixture
def series():
    return make_title()


@pytest.fixture
def decoded(monkeypatch):
    """The names of the pages that were decoded, in order."""
    names: list[str] = []
    real = PictureDecoder.decode

    def decode(self, image, *, name):
        names.append(name)
        return real(self, image, name=name)

    monkeypatch.setattr(PictureDecoder, "decode", decode)
    return names


@pytest.fixture
def _a_page_fills_a_slice(monkeypatch):
    monkeypatch.setattr(extraction, "SLICE_SECONDS", 0)


def received(uploader, series, **columns):
    """Make the row of a zip that waits, with no file behind it."""
    return make_upload_row(uploader=uploader, series=series, state="received", pages=0, **columns)


def test_who_was_served_longest_ago_comes_first(series, uploader_uli, outsider_otto):
    first, second, third = (received(uploader_uli, series) for _ in range(3))
    of_otto = received(outsider_otto, series)
    assert list(extract_upload.due()) == [first.pk, second.pk, third.pk, of_otto.pk]

    ExtractionTurn.objects.create(user=uploader_uli, last_at=timezone.now())
    assert list(extract_upload.due()) == [of_otto.pk, first.pk, second.pk, third.pk]

    ExtractionTurn.objects.create(user=outsider_otto, last_at=timezone.now())
    assert list(extract_upload.due()) == [first.pk, second.pk, third.pk, of_otto.pk]


def test_zips_of_who_has_left_are_checked_after_all_others(
    series, uploader_uli, outsider_otto, moderator_mo
):
    of_uli, of_otto = received(uploader_uli, series), received(outsider_otto, series)
    ExtractionTurn.objects.create(user=outsider_otto, last_at=timezone.now())

    delete_account(uploader_uli, password=PASSWORD)

    assert list(extract_upload.due()) == [of_otto.pk, of_uli.pk]


@pytest.mark.parametrize("wake", ["wake_up", "round"])
def test_a_worker_takes_whose_turn_it_is_and_then_asks_again(
    wake, series, uploader_uli, outsider_otto
):
    mine = [make_upload(uploader=uploader_uli, series=series, state="received") for _ in range(2)]
    of_otto = make_upload(uploader=outsider_otto, series=series, state="received")

    def work() -> list[int]:
        if wake == "wake_up":
            extract_upload.run_from_message(mine[1].pk)
        else:
            assert run_due_rows("extraction") is True
        done = Upload.objects.filter(state=UploadState.AWAITING_REVIEW)
        return list(done.order_by("pk").values_list("pk", flat=True))

    assert work() == [mine[0].pk]
    assert work() == [mine[0].pk, of_otto.pk]
    assert work() == [mine[0].pk, mine[1].pk, of_otto.pk]


@pytest.mark.usefixtures("_a_page_fills_a_slice")
def test_a_long_check_gives_way_and_goes_on_without_losing_a_page(
    series, uploader_uli, outsider_otto, decoded
):
    long = make_upload(
        uploader=uploader_uli, series=series, state="received", archive=make_chapter_zip(4, seed=1)
    )
    short = make_upload(
        uploader=outsider_otto, series=series, state="received", archive=make_chapter_zip(2, seed=2)
    )

    extract_upload.run(long.pk)

    long.refresh_from_db()
    assert (long.state, long.lease_until, long.attempts) == (UploadState.EXTRACTING, None, 0)
    assert (long.pages_done, len(long.pages_so_far), len(decoded)) == (1, 1, 1)
    assert not long.pages.exists()
    assert list(extract_upload.due()) == [short.pk, long.pk]
    finish_due_work()
    for upload, pages in ((long, 4), (short, 2)):
        upload.refresh_from_db()
        assert (upload.state, upload.pages_so_far) == (UploadState.AWAITING_REVIEW, None)
        assert list(upload.pages.order_by("number").values_list("number", flat=True)) == list(
            range(1, pages + 1)
        )
    assert len(decoded) == 6
    assert find_leftovers() == []


@pytest.mark.usefixtures("_a_page_fills_a_slice")
def test_a_check_gives_way_to_no_one_who_has_a_turn_already(series, uploader_uli, outsider_otto):
    upload = make_upload(uploader=uploader_uli, series=series, state="received")
    received(uploader_uli, series)  # one's own
    claim(Upload.objects.all(), received(outsider_otto, series).pk)  # another worker has it
    received(outsider_otto, series)

    extract_upload.run(upload.pk)

    upload.refresh_from_db()
    assert upload.state == UploadState.AWAITING_REVIEW


@pytest.mark.usefixtures("_a_page_fills_a_slice")
def test_what_a_killed_worker_had_kept_is_not_decoded_again(series, uploader_uli, decoded):
    upload = make_upload(uploader=uploader_uli, series=series, state="received")

    def be_killed(*_args):
        raise SystemExit

    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(extraction, "_take_pages", be_killed)
        extract_upload.run(upload.pk)
    assert len(decoded) == 3
    end_lease(upload)
    finish_due_work()

    upload.refresh_from_db()
    assert (upload.state, upload.pages.count()) == (UploadState.AWAITING_REVIEW, 3)
    assert len(decoded) == 4  # the last page fills no slice that is worth keeping
    assert find_leftovers() == []


@pytest.mark.usefixtures("_a_page_fills_a_slice")
def test_what_was_removed_halfway_goes_on_when_it_is_restored(
    series, uploader_uli, outsider_otto, moderator_mo, decoded
):
    upload = make_upload(uploader=uploader_uli, series=series, state="received")
    received(outsider_otto, series)
    extract_upload.run(upload.pk)
    Upload.objects.exclude(pk=upload.pk).delete()
    delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Mistake.")
    finish_due_work()
    assert find_leftovers() == []

    restore_upload(upload, moderator=moderator_mo)
    finish_due_work()

    upload.refresh_from_db()
    assert (upload.state, upload.pages.count()) == (UploadState.AWAITING_REVIEW, 3)
    assert len(decoded) == 3
    assert find_leftovers() == []


# --- A day's time of checking -------------------------------------------------------------------


def test_who_has_used_up_the_days_time_of_checking_is_told(series, uploader_uli, settings):
    settings.QUOTA_DECODING_SECONDS = 60
    earlier = make_upload_row(uploader=uploader_uli, series=series, decoding_seconds=60)

    answer = post_zip(uploader_uli, series, make_chapter_zip(1), number="1")
    assert (answer.status_code, answer.json()["code"]) == (429, "quota")

    Upload.objects.filter(pk=earlier.pk).update(created_at=F("created_at") - timedelta(days=1))
    assert post_zip(uploader_uli, series, make_chapter_zip(1), number="1").status_code == 202


@pytest.mark.parametrize("quota", [60, None])
def test_what_waited_when_the_time_was_used_up_is_not_checked(
    quota, series, uploader_uli, outsider_otto, settings
):
    settings.QUOTA_DECODING_SECONDS = quota
    mine = make_upload(uploader=uploader_uli, series=series, state="received")
    theirs = make_upload(uploader=outsider_otto, series=series, state="received")
    make_upload_row(uploader=uploader_uli, series=series, decoding_seconds=60, state="failed")

    finish_due_work()

    row = client_of(uploader_uli).get(f"/api/uploads/{mine.pk}").json()
    if quota is None:
        assert row["state"] == "awaiting_review"
    else:
        assert (row["state"], row["error_code"], row["malicious"]) == ("failed", "quota", False)
        assert "tomorrow" in row["detail"]
    theirs.refresh_from_db()
    assert theirs.state == UploadState.AWAITING_REVIEW
    assert theirs.decoding_seconds > 0


@pytest.mark.usefixtures("_a_page_fills_a_slice")
def test_slices_count_together(series, uploader_uli, outsider_otto, settings):
    settings.UPLOAD_MAX_SECONDS = 100
    upload = make_upload(uploader=uploader_uli, series=series, state="received")
    received(outsider_otto, series)
    extract_upload.run(upload.pk)
    Upload.objects.filter(pk=upload.pk).update(decoding_seconds=100)

    extract_upload.run(upload.pk)

    upload.refresh_from_db()
    assert (upload.state, upload.error_code) == (UploadState.FAILED, "too_large")
