"""Quotas of one person: what is left, and that many at once do not pass them."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.core.files.base import ContentFile

from common.files.storages import list_names, quarantine_storage
from reader.intake.extraction import extract_upload
from reader.intake.uploads import Submission, submit_upload, withdraw_upload
from reader.models import Upload
from tests.at_once import run_at_once
from tests.cast import client_of, make_title, make_upload, post_zip
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db
OFF = {"uploads_per_day": None, "bytes_per_day": None, "waiting": None}
NOTHING_LIMITED = {
    "uploads_left": None, "bytes_left": None, "waiting_left": None, "decoding_seconds_left": None,
    "again_at": None,
}  # fmt: skip


def left(user):
    answer = client_of(user).get("/api/uploads/quota")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    return answer.json()


def test_what_is_left_is_told(uploader_uli, outsider_otto, settings):
    settings.QUOTA_DECODING_SECONDS = 60
    settings.QUOTAS = {"uploads_per_day": 5, "bytes_per_day": 10**9, "waiting": 3}
    upload = make_upload(uploader=uploader_uli)
    make_upload(uploader=outsider_otto)

    assert left(uploader_uli) == {
        "uploads_left": 4, "bytes_left": 10**9 - upload.archive_bytes, "waiting_left": 2,
        "decoding_seconds_left": 60, "again_at": None,
    }  # fmt: skip


def test_a_day_that_is_used_up_tells_when_it_takes_more(uploader_uli, settings):
    settings.QUOTAS = OFF | {"uploads_per_day": 2}
    first = make_upload(uploader=uploader_uli)
    make_upload(uploader=uploader_uli)

    again_at = datetime.fromisoformat(left(uploader_uli)["again_at"])
    assert abs(again_at - first.created_at - timedelta(days=1)) < timedelta(seconds=1)


def test_a_quota_that_is_off_is_null(uploader_uli, settings):
    settings.QUOTAS = OFF | {"waiting": 3}
    settings.QUOTA_DECODING_SECONDS = None

    assert left(uploader_uli) == NOTHING_LIMITED | {"waiting_left": 3}


def test_time_of_checking_is_left_until_all_of_it_is_used(uploader_uli, settings):
    settings.QUOTAS = OFF
    settings.QUOTA_DECODING_SECONDS = 60
    upload = make_upload(uploader=uploader_uli)

    told = []
    for seconds in (0.5, 59.9, 60, 75):
        Upload.objects.filter(pk=upload.pk).update(decoding_seconds=seconds)
        told.append(left(uploader_uli)["decoding_seconds_left"])

    assert told == [60, 1, 0, 0]


def test_less_than_nothing_is_nothing(uploader_uli, settings):
    make_upload(uploader=uploader_uli)
    settings.QUOTAS = {"uploads_per_day": 0, "bytes_per_day": 1, "waiting": 0}

    told = left(uploader_uli)
    assert (told["uploads_left"], told["bytes_left"], told["waiting_left"]) == (0, 0, 0)


def test_what_failed_or_was_withdrawn_counts_for_the_day_but_waits_no_more(uploader_uli, settings):
    settings.QUOTAS = OFF | {"uploads_per_day": 3, "waiting": 2}
    withdraw_upload(make_upload(uploader=uploader_uli), user=uploader_uli)
    assert post_zip(uploader_uli, make_title(), b"no zip").status_code == 422

    told = left(uploader_uli)
    assert (told["uploads_left"], told["bytes_left"], told["waiting_left"]) == (1, None, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("quota", ["uploads_per_day", "bytes_per_day", "waiting"])
def test_twenty_at_once_do_not_pass_the_edge(quota, uploader_uli, settings):
    series = make_title()
    archives = [make_chapter_zip(2, seed=seed) for seed in range(20)]
    allowed = 3 * max(map(len, archives)) if quota == "bytes_per_day" else 3
    settings.QUOTAS = OFF | {quota: allowed}

    answers = run_at_once(
        *(partial(post_zip, uploader_uli, series, archive, number=str(number))
          for number, archive in enumerate(archives))
    )  # fmt: skip

    codes = Counter(answer.status_code for answer in answers)
    assert codes == {202: 3, 429: 17}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 429} == {"quota"}
    assert Upload.objects.count() == 3
    assert len(list_names(quarantine_storage(), "")) == 3
    finish_due_work()
    assert find_leftovers() == []


@pytest.mark.django_db(transaction=True)
def test_two_people_do_not_wait_for_each_other(uploader_uli, outsider_otto, settings):
    settings.QUOTAS = OFF | {"uploads_per_day": 1}
    series = make_title()

    answers = run_at_once(
        *(partial(post_zip, who, series, make_chapter_zip(2), number="1")
          for who in (uploader_uli, outsider_otto))
    )  # fmt: skip

    assert [answer.status_code for answer in answers] == [202, 202]


@pytest.mark.django_db(transaction=True)
def test_a_strike_and_a_new_submission_of_the_same_zip_never_deadlock(uploader_uli, settings):
    """The first fails with a strike while it is sent again."""
    settings.STRIKES_TO_BAN = 0  # whoever is quick enough is struck for both
    from tests.reader.archive_builders import HOSTILE_ARCHIVES

    archive = next(h.build for h in HOSTILE_ARCHIVES if h.title == "PHP script")()
    series = make_title()

    def send() -> Upload:
        return submit_upload(
            series, uploader=uploader_uli, archive=ContentFile(archive, name="c.zip"),
            submission=Submission(number=None, language="en"),
        )  # fmt: skip

    for _round in range(3):
        first = send()
        extracted, _again = run_at_once(partial(extract_upload.run, first.pk), send)
        assert extracted is None
        finish_due_work()
    assert find_leftovers() == []
