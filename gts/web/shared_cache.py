"""The cache of a production: Redis, shared by all processes, and done without while it is away.

While Redis is away nothing is remembered and nothing is counted, on every route alike: what is
looked up is not there, what is added is new, what is counted is the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnectionError
from redis.retry import Retry

from gts.web.redis_away import TIMEOUT_S, ask

_Version = int | None


class SharedCache(RedisCache):
    """Django's cache in Redis, that has an answer without it too (``gts.web.redis_away``)."""

    _servers: list[str]

    @property
    def _cache(self) -> RedisCacheClient:
        # Django makes a cache for each request; the connections are those of the process.
        return _client(tuple(self._servers))

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: _Version = None
    ) -> bool:
        return ask(partial(super().add, key, value, timeout, version), otherwise=True)

    def get(self, key: Any, default: Any = None, version: _Version = None) -> Any:
        return ask(partial(super().get, key, default, version), otherwise=default)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: _Version = None
    ) -> None:
        ask(partial(super().set, key, value, timeout, version), otherwise=None)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: _Version = None) -> bool:
        return ask(partial(super().touch, key, timeout, version), otherwise=False)

    def delete(self, key: Any, version: _Version = None) -> bool:
        return ask(partial(super().delete, key, version), otherwise=False)

    def get_many(self, keys: Iterable[Any], version: _Version = None) -> dict[Any, Any]:
        nothing: dict[Any, Any] = {}
        return ask(partial(super().get_many, list(keys), version), otherwise=nothing)

    def has_key(self, key: Any, version: _Version = None) -> bool:
        return ask(partial(super().has_key, key, version), otherwise=False)

    def incr(self, key: Any, delta: int = 1, version: _Version = None) -> int:
        """Raises ``ValueError`` for a key that is not there, as every cache of Django's."""
        return ask(partial(super().incr, key, delta, version), otherwise=delta)

    def add_one(self, key: str, *, beside: str, timeout: int) -> tuple[int, int]:
        """Count one more by ``key``, and what there is by ``beside``, in one round trip."""
        counted, read = self.make_and_validate_key(key), self.make_and_validate_key(beside)

        def question() -> tuple[int, int]:
            pipeline = self._cache.get_client(counted, write=True).pipeline(transaction=False)
            pipeline.get(read)
            pipeline.set(counted, 0, ex=timeout, nx=True)
            pipeline.incr(counted)
            before, _, num = pipeline.execute()
            return num, int(before or 0)

        return ask(question, otherwise=(1, 0))

    def set_many(
        self, data: dict[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: _Version = None
    ) -> list[Any]:
        return ask(partial(super().set_many, data, timeout, version), otherwise=list(data))

    def delete_many(self, keys: Iterable[Any], version: _Version = None) -> None:
        ask(partial(super().delete_many, list(keys), version), otherwise=None)

    def clear(self) -> None:
        ask(super().clear, otherwise=None)


@cache
def _client(servers: tuple[str, ...]) -> RedisCacheClient:
    """One more try, for a connection that went stale while it was not used."""
    return RedisCacheClient(
        list(servers),
        retry=Retry(NoBackoff(), 1, supported_errors=(LostConnectionError,)),
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
    )
