"""The cache of cached views: counters, values with an end, generations."""

import secrets

import pytest
from django.conf import settings
from django.db import transaction
from redis import Redis

from common.http.shared_cache import (
    current_generation,
    generation_keys,
    invalidate_cached_views,
    shared_cache,
)
from tests.at_once import run_at_once

pytestmark = pytest.mark.django_db


def test_a_visit_counts_and_reads():
    cache = shared_cache()
    cache.put("a", b"1", 60)

    first = cache.visit("counter", 60, ["a", "b"])
    second = cache.visit("counter", 60, [])

    assert first == (1, [b"1", None])
    assert second == (2, [])


def test_two_counters_are_apart():
    shared_cache().visit("one", 60, [])

    assert shared_cache().visit("other", 60, [])[0] == 1


def test_a_value_is_replaced_or_kept():
    cache = shared_cache()
    cache.put("a", b"1", 60)

    cache.put_if_absent("a", b"2", 60)
    kept = cache.get("a")
    cache.put("a", b"3", 60)

    assert (kept, cache.get("a")) == (b"1", b"3")


def test_bytes_come_back_as_they_were():
    value = secrets.token_bytes(200_000)

    shared_cache().put("a", value, 60)

    assert shared_cache().get("a") == value


def test_clearing_forgets_everything():
    shared_cache().put("a", b"1", 60)
    shared_cache().visit("counter", 60, [])

    shared_cache().clear()

    assert shared_cache().get("a") is None
    assert shared_cache().visit("counter", 60, [])[0] == 1


@pytest.mark.skipif(not settings.REDIS_URL, reason="of a Redis that others share")
def test_clearing_forgets_nothing_of_others():
    client, stranger = Redis.from_url(settings.REDIS_URL), f"{settings.INSTANCE}-stranger"
    client.set(stranger, b"1", ex=60)

    shared_cache().clear()

    assert client.getdel(stranger) == b"1"


def test_many_who_count_at_once_are_all_counted():
    def visit():
        return [shared_cache().visit("counter", 60, [])[0] for _time in range(25)]

    counts = run_at_once(*[visit] * 4)

    assert sorted(count for part in counts for count in part) == list(range(1, 101))


def test_a_generation_is_agreed_on():
    families = ("titles", "chapters")
    found = run_at_once(*[lambda: current_generation(families)] * 4)

    assert len(set(found)) == 1
    assert [shared_cache().get(key) for key in generation_keys(families)] == [
        found[0][:8],
        found[0][8:],
    ]


def test_a_family_is_forgotten_when_its_change_is_committed(django_capture_on_commit_callbacks):
    before = [current_generation([name]) for name in ("titles", "chapters", "vocabulary")]
    both = current_generation(["titles", "vocabulary"])
    with django_capture_on_commit_callbacks(execute=True):
        invalidate_cached_views("titles", "chapters")
        assert current_generation(["titles"]) == before[0]

    after = [current_generation([name]) for name in ("titles", "chapters", "vocabulary")]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]
    assert current_generation(["titles", "vocabulary"]) != both


def test_a_change_that_is_rolled_back_forgets_nothing(django_capture_on_commit_callbacks):
    before = current_generation(["titles"])

    with django_capture_on_commit_callbacks(execute=True):
        point = transaction.savepoint()
        with pytest.raises(RuntimeError), transaction.atomic():
            invalidate_cached_views("titles")
            raise RuntimeError
        transaction.savepoint_rollback(point)

    assert current_generation(["titles"]) == before
