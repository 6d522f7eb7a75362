"""The cache that all processes share holds bodies of cached views and counters of throttles.

One round trip serves a request. It is Redis in the services profile and a SQLite file in the
embedded one. A body belongs to some families, such as "titles", and is stored with the generations
of them in which it was built; `invalidate_cached_views` starts new generations of the families that
have changed, and a body that was being built meanwhile is never served.
"""

import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar, cast

import structlog
from django.conf import settings
from django.db import transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from common.http.disk_cache import DiskCache

log = structlog.get_logger(__name__)

_GENERATION_BYTES = 8
_GENERATION_SECONDS = 86_400


class SharedCache(Protocol):
    """Stores bytes by key; every key expires after its `seconds`."""

    def visit(
        self, counter: str, seconds: int, keys: Sequence[str]
    ) -> tuple[int, list[bytes | None]]:
        """Add one to `counter` and read `keys`; return the new count and the values of the keys."""
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
        """Delete all keys of this instance."""
        ...


class RedisSharedCache:
    """The shared cache of the services profile: one pipeline for each visit."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def visit(
        self, counter: str, seconds: int, keys: Sequence[str]
    ) -> tuple[int, list[bytes | None]]:
        """See SharedCache."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.incr(self._prefix + counter)
        pipeline.expire(self._prefix + counter, seconds, nx=True)
        if keys:
            pipeline.mget([self._prefix + key for key in keys])
        answers = pipeline.execute()
        return answers[0], answers[2] if keys else []

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """See SharedCache."""
        self._client.set(self._prefix + key, value, ex=seconds)

    def put_if_absent(self, key: str, value: bytes, seconds: int) -> None:
        """See SharedCache."""
        self._client.set(self._prefix + key, value, ex=seconds, nx=True)

    def get(self, key: str) -> bytes | None:
        """See SharedCache."""
        return cast("bytes | None", self._client.get(self._prefix + key))

    def clear(self) -> None:
        """See SharedCache."""
        keys: list[bytes] = []
        for key in self._client.scan_iter(match=f"{self._prefix}*", count=1000):
            keys.append(key)
            if len(keys) == 1000:
                self._client.delete(*keys)
                keys.clear()
        if keys:
            self._client.delete(*keys)


Answer = TypeVar("Answer")
# A server that does not answer is asked again after this time, and not by every request.
_AWAY_SECONDS = 2.0


class ForgivingCache:
    """Goes on without the cache where it fails: that costs speed and throttles, never an answer.

    A generation that could not be stored leaves bodies stale until they expire.
    """

    def __init__(self, inner: SharedCache) -> None:
        self._inner = inner
        self._away_until = 0.0

    def visit(
        self, counter: str, seconds: int, keys: Sequence[str]
    ) -> tuple[int, list[bytes | None]]:
        """See SharedCache."""
        nothing: tuple[int, list[bytes | None]] = (0, [None] * len(keys))
        return self._try(lambda: self._inner.visit(counter, seconds, keys), nothing)

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """See SharedCache."""
        self._try(lambda: self._inner.put(key, value, seconds), None)

    def put_if_absent(self, key: str, value: bytes, seconds: int) -> None:
        """See SharedCache."""
        self._try(lambda: self._inner.put_if_absent(key, value, seconds), None)

    def get(self, key: str) -> bytes | None:
        """See SharedCache."""
        return self._try(lambda: self._inner.get(key), None)

    def clear(self) -> None:
        """See SharedCache."""
        self._try(self._inner.clear, None)

    def _try(self, ask: Callable[[], Answer], otherwise: Answer) -> Answer:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return ask()
        except (RedisError, sqlite3.Error) as error:
            log.warning("shared_cache.away", error=str(error))
            if isinstance(error, RedisError):
                self._away_until = time.monotonic() + _AWAY_SECONDS
            is_broken = isinstance(error, sqlite3.DatabaseError) and not isinstance(
                error, sqlite3.OperationalError
            )
            if is_broken and isinstance(self._inner, DiskCache):
                self._inner.start_afresh()
            return otherwise


@lru_cache(maxsize=1)
def shared_cache() -> SharedCache:
    """Return the shared cache, one object for each process."""
    if settings.REDIS_URL:
        # One retry and then on without it: a reader does not wait for a cache.
        client = Redis.from_url(
            settings.REDIS_URL,
            retry=Retry(NoBackoff(), 1),
            socket_connect_timeout=1,
            socket_timeout=2,
        )
        return ForgivingCache(RedisSharedCache(client, f"{settings.INSTANCE}:hot:"))
    return ForgivingCache(DiskCache(str(settings.DATA_FOLDER / "cache" / "hot")))


def generation_keys(families: Sequence[str]) -> list[str]:
    """Return the keys of the families' generations, for one visit with other keys."""
    return [f"generation:{family}" for family in families]


def generation_bytes(families: Sequence[str]) -> int:
    """Return how long a generation of these families is."""
    return _GENERATION_BYTES * len(families)


def joined_generation(values: Sequence[bytes | None]) -> bytes | None:
    """Return the generation of several families from their values; None where one is missing."""
    known = [value for value in values if value is not None]
    return b"".join(known) if len(known) == len(values) else None


def current_generation(families: Sequence[str]) -> bytes:
    """Return the current generation of bodies of these families, before the database is read.

    While the cache fails it is `no_generation`, as a body that is built then may be stale.
    """
    found = joined_generation([_generation_of(key) for key in generation_keys(families)])
    return no_generation(families) if found is None else found


def no_generation(families: Sequence[str]) -> bytes:
    """Return the generation of bodies that are never served again."""
    return bytes(generation_bytes(families))


def _generation_of(key: str) -> bytes | None:
    cache = shared_cache()
    found = cache.get(key)
    if found is None:
        cache.put_if_absent(key, secrets.token_bytes(_GENERATION_BYTES), _GENERATION_SECONDS)
        found = cache.get(key)
    return found


def invalidate_cached_views(family: str, *more: str) -> None:
    """Drop the cached bodies of these families once the transaction is committed."""

    def begin_generations() -> None:
        for key in generation_keys((family, *more)):
            shared_cache().put(key, secrets.token_bytes(_GENERATION_BYTES), _GENERATION_SECONDS)

    transaction.on_commit(begin_generations)
