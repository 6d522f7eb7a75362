"""Clearing the cache: what others keep in the same Redis stays."""

from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache

from common.http.shared_cache import shared_cache

pytestmark = pytest.mark.django_db


def test_a_cleared_cache_forgets_its_own_and_nothing_of_others():
    cache.set("ours", "1")
    shared_cache().put("hot", b"1", 60)
    strangers = f"{settings.INSTANCE}-stranger"
    client: Any = cache._cache.get_client(write=True) if settings.REDIS_URL else None
    if client is not None:
        client.set(strangers, b"1", ex=60)

    cache.clear()

    assert cache.get("ours") is None
    assert shared_cache().get("hot") == b"1"
    if client is not None:
        assert client.getdel(strangers) == b"1"
