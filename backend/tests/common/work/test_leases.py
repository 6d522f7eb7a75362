"""Claiming a row, keeping it, losing it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.work.leases import LeaseLost, claim, end_all_leases, nobody_holds
from reader.models import Upload
from tests.cast import make_title, make_upload_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(uploader_uli):
    return make_upload_row(uploader=uploader_uli, series=make_title(), state="received", pages=0)


def test_only_one_claims_a_row(row):
    first = claim(Upload.objects.all(), row.pk)

    assert first is not None
    assert claim(Upload.objects.all(), row.pk) is None
    assert not Upload.objects.filter(nobody_holds()).exists()


def test_a_claim_writes_its_changes_and_counts(row):
    claim(Upload.objects.all(), row.pk, state="extracting")

    row.refresh_from_db()
    assert (row.state, row.attempts) == ("extracting", 1)


def test_a_row_that_is_not_among_those_asked_for_is_not_claimed(row):
    assert claim(Upload.objects.filter(state="live"), row.pk) is None


def test_attempts_without_an_end_are_counted_no_further_than_their_column(row):
    Upload.objects.update(attempts=32_766)

    for _attempt in range(2):
        assert claim(Upload.objects.all(), row.pk) is not None
        end_all_leases()

    row.refresh_from_db()
    assert row.attempts == 32_767


def test_a_lease_that_ran_out_is_taken_over(row):
    old = claim(Upload.objects.all(), row.pk)
    Upload.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    new = claim(Upload.objects.all(), row.pk)

    assert new is not None
    assert old is not None
    assert not old.rows().exists()
    assert new.rows().exists()


def test_keeping_writes_only_when_a_third_has_gone(
    row, lease_clock, settings, django_assert_num_queries
):
    settings.LEASE_SECONDS = 60
    lease = claim(Upload.objects.all(), row.pk)
    assert lease is not None

    lease_clock[0] += 19
    with django_assert_num_queries(0):
        lease.keep()
    lease_clock[0] += 2
    lease.keep(pages_done=7)

    row.refresh_from_db()
    assert row.pages_done == 7


def test_what_is_to_be_told_is_written_every_two_seconds(
    row, lease_clock, settings, django_assert_num_queries
):
    settings.LEASE_SECONDS = 60
    lease = claim(Upload.objects.all(), row.pk)
    assert lease is not None

    lease_clock[0] += 1
    with django_assert_num_queries(0):
        lease.keep(pages_done=3)
    lease_clock[0] += 1
    with django_assert_num_queries(1):
        lease.keep(pages_done=6)
    with django_assert_num_queries(0):
        lease.keep(pages_done=7)

    row.refresh_from_db()
    assert row.pages_done == 6


def test_a_worker_that_tells_of_a_row_it_lost_is_told(row, lease_clock):
    lease = claim(Upload.objects.all(), row.pk)
    assert lease is not None
    Upload.objects.update(lease_token=None)
    lease_clock[0] += 2

    with pytest.raises(LeaseLost):
        lease.keep(pages_done=7)


def test_a_worker_that_slept_too_long_stops_itself(row, lease_clock, settings):
    settings.LEASE_SECONDS = 60
    lease = claim(Upload.objects.all(), row.pk)
    assert lease is not None
    lease_clock[0] += 61

    with pytest.raises(LeaseLost):
        lease.keep(pages_done=7)

    row.refresh_from_db()
    assert row.pages_done == 0


def test_a_worker_whose_row_was_taken_away_is_told(row, lease_clock, settings):
    settings.LEASE_SECONDS = 60
    lease = claim(Upload.objects.all(), row.pk)
    assert lease is not None
    Upload.objects.update(lease_token=None)
    lease_clock[0] += 30

    with pytest.raises(LeaseLost):
        lease.keep()


def test_a_released_row_is_due_at_once(row):
    lease = claim(Upload.objects.all(), row.pk)
    assert lease is not None

    lease.release()

    assert Upload.objects.filter(nobody_holds()).exists()


def test_the_only_worker_takes_over_everything(row):
    claim(Upload.objects.all(), row.pk)

    end_all_leases()

    assert claim(Upload.objects.all(), row.pk) is not None
