"""Django's cache on Redis, but for `clear`: others, and our own queue, may be in the same Redis."""

from typing import Any

from django.core.cache.backends import redis


class RedisCache(redis.RedisCache):
    """Django's would answer `clear` with FLUSHDB."""

    def clear(self) -> None:
        """Forget what this cache holds under its own prefix, and nothing else."""
        client: Any = self._cache.get_client(write=True)
        delete_matching(client, self.make_key("*"))


def delete_matching(client: Any, pattern: str) -> None:
    """Delete the keys of a pattern, a thousand at a time."""
    keys: list[bytes] = []
    for key in client.scan_iter(match=pattern, count=1000):
        keys.append(key)
        if len(keys) == 1000:
            client.delete(*keys)
            keys.clear()
    if keys:
        client.delete(*keys)
