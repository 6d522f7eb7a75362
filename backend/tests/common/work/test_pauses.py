"""Pauses: one of several begins it, and it ends by itself."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from common.models import Pause
from common.work.pauses import begin_pause, is_paused
from tests.at_once import run_at_once

pytestmark = pytest.mark.django_db


def in_a_minute():
    return timezone.now() + timedelta(minutes=1)


def test_a_pause_lasts_until_its_end():
    assert not is_paused("digest")

    assert [begin_pause("digest", in_a_minute()) for _time in range(2)] == [True, False]

    assert is_paused("digest")
    assert not is_paused("another")
    Pause.objects.update(until=timezone.now())
    assert not is_paused("digest")
    assert begin_pause("digest", in_a_minute())


@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_one_begins_it():
    for _time in range(2):
        begun = run_at_once(*[partial(begin_pause, "digest", in_a_minute())] * 4)
        assert sorted(begun) == [False, False, False, True]
        Pause.objects.update(until=timezone.now())
