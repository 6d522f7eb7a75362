"""The cache of hot lists and the counters of throttles: one round trip a request.

Redis with services, a SQLite file shared by all processes without. A list's body is
stored with the generation it was built in; `forget_lists` starts a new one, and a body that was
being built meanwhile is never served.
"""

import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar, cast

import structlog
from django.conf import settings
from django.core.cache import caches
from django.db import transaction
from redis.exceptions import RedisError

from common.disk_hot_cache import DiskHotCache
from common.redis_cache import delete_matching

log = structlog.get_logger(__name__)

GENERATION = "generation"
NO_GENERATION = bytes(8)


class HotCache(Protocol):
    """Bytes by key; every key is good for `seconds`, then gone."""

    def visit(
        self, counter: str, seconds: int, keys: Sequence[str]
    ) -> tuple[int, list[bytes | None]]:
        """Raise `counter` by one and read `keys`; return the new count and their values."""
        ...

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Store a value."""
        ...

    def put_if_absent(self, key: str, value: bytes, seconds: int) -> None:
        """Store a value unless another process has stored one."""
        ...

    def get(self, key: str) -> bytes | None:
        """Read one value."""
        ...

    def clear(self) -> None:
        """Forget everything of this instance."""
        ...


class RedisHotCache:
    """The services profile's: one pipeline a visit."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def visit(
        self, counter: str, seconds: int, keys: Sequence[str]
    ) -> tuple[int, list[bytes | None]]:
        """See HotCache."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.incr(self._prefix + counter)
        pipeline.expire(self._prefix + counter, seconds, nx=True)
        if keys:
            pipeline.mget([self._prefix + key for key in keys])
        answers = pipeline.execute()
        return answers[0], answers[2] if keys else []

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """See HotCache."""
        self._client.set(self._prefix + key, value, ex=seconds)

    def put_if_absent(self, key: str, value: bytes, seconds: int) -> None:
        """See HotCache."""
        self._client.set(self._prefix + key, value, ex=seconds, nx=True)

    def get(self, key: str) -> bytes | None:
        """See HotCache."""
        return cast("bytes | None", self._client.get(self._prefix + key))

    def clear(self) -> None:
        """See HotCache."""
        delete_matching(self._client, f"{self._prefix}*")


Answer = TypeVar("Answer")
# A server that does not answer is asked again after this, and not by every request.
_AWAY_SECONDS = 2.0


class ForgivingHotCache:
    """A cache that is away costs speed and the count of a throttle, never an answer.

    A generation that could not be stored leaves bodies stale until they are over.
    """

    def __init__(self, inner: HotCache) -> None:
        self._inner = inner
        self._away_until = 0.0

    def visit(
        self, counter: str, seconds: int, keys: Sequence[str]
    ) -> tuple[int, list[bytes | None]]:
        """See HotCache."""
        nothing: tuple[int, list[bytes | None]] = (0, [None] * len(keys))
        return self._try(lambda: self._inner.visit(counter, seconds, keys), nothing)

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """See HotCache."""
        self._try(lambda: self._inner.put(key, value, seconds), None)

    def put_if_absent(self, key: str, value: bytes, seconds: int) -> None:
        """See HotCache."""
        self._try(lambda: self._inner.put_if_absent(key, value, seconds), None)

    def get(self, key: str) -> bytes | None:
        """See HotCache."""
        return self._try(lambda: self._inner.get(key), None)

    def clear(self) -> None:
        """See HotCache."""
        self._try(self._inner.clear, None)

    def _try(self, ask: Callable[[], Answer], otherwise: Answer) -> Answer:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return ask()
        except (RedisError, sqlite3.Error) as error:
            log.warning("hot_cache.away", error=str(error))
            if isinstance(error, RedisError):
                self._away_until = time.monotonic() + _AWAY_SECONDS
            is_broken = isinstance(error, sqlite3.DatabaseError) and not isinstance(
                error, sqlite3.OperationalError
            )
            if is_broken and isinstance(self._inner, DiskHotCache):
                self._inner.start_afresh()
            return otherwise


@lru_cache(maxsize=1)
def hot_cache() -> HotCache:
    """Return this process's hot cache."""
    if settings.REDIS_URL:
        backend = cast(Any, caches["default"])
        client = backend._cache.get_client(write=True)
        return ForgivingHotCache(RedisHotCache(client, f"{settings.INSTANCE}:hot:"))
    return ForgivingHotCache(DiskHotCache(str(settings.DATA_FOLDER / "cache" / "hot")))


def current_generation() -> bytes:
    """Return the generation that bodies are built in now; read it before reading the database.

    While the cache is away it is NO_GENERATION: what was read then cannot be told to be stale.
    """
    cache = hot_cache()
    found = cache.get(GENERATION)
    if found is None:
        cache.put_if_absent(GENERATION, secrets.token_bytes(8), 86_400)
        found = cache.get(GENERATION)
    return found or NO_GENERATION


def forget_lists() -> None:
    """Drop every cached list once the transaction is committed."""
    transaction.on_commit(lambda: hot_cache().put(GENERATION, secrets.token_bytes(8), 86_400))
