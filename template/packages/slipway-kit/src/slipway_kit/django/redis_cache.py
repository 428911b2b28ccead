"""Django's cache, for apps and packages: in Redis, with misses while Redis is unavailable."""

import logging
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import islice
from threading import Lock
from time import monotonic
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from ..redis_client import RedisSettings

PAUSE_SECONDS = 1.0
"""Seconds after an error without calls to Redis; then one operation probes it."""

_AT_ONCE = 500
_SPECIAL = re.compile(r"([*?\[\]\\])")

logger = logging.getLogger(__name__)


class Circuit:
    """A circuit breaker for all requests; Django makes one backend for each request."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lost = False
        self._again = 0.0

    def run[T](self, operation: Callable[[], T], without: T) -> T:
        """Return the result of an operation; while Redis is unavailable, the fallback."""
        with self._lock:
            looks = self._lost
            if looks and monotonic() < self._again:
                return without
            self._again = monotonic() + PAUSE_SECONDS
        try:
            done = operation()
        except (RedisError, OSError) as error:
            self._lose(error)
            return without
        if looks:
            self._find()
        return done

    def _lose(self, error: Exception) -> None:
        with self._lock:
            known, self._lost = self._lost, True
            self._again = monotonic() + PAUSE_SECONDS
        if not known:
            name = type(error).__name__
            logger.warning("Redis is unavailable (%s); Django's cache goes on without", name)

    def _find(self) -> None:
        with self._lock:
            known, self._lost = not self._lost, False
        if not known:
            logger.warning("Redis is available again for Django's cache")


_circuit = Circuit()


class _Client(RedisCacheClient):
    """Asks Redis, if it is there and quick.

    Args:
        servers: Its address.
        timeout: Seconds that an operation may take.
    """

    def __init__(self, servers: list[str], timeout: float) -> None:
        super().__init__(
            servers,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # Once more, because a connection that was idle may have been closed meanwhile; but not
            # after a delay, which would then be two.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        return _circuit.run(partial(super().add, key, value, timeout), without=False)

    def get(self, key: Any, default: Any) -> Any:
        return _circuit.run(partial(super().get, key, default), default)

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        _circuit.run(partial(super().set, key, value, timeout), None)

    def touch(self, key: Any, timeout: Any) -> bool:
        return _circuit.run(partial(super().touch, key, timeout), without=False)

    def delete(self, key: Any) -> bool:
        return _circuit.run(partial(super().delete, key), without=False)

    def get_many(self, keys: Any) -> Any:
        nothing: dict[Any, Any] = {}
        return _circuit.run(partial(super().get_many, keys), nothing)

    def has_key(self, key: Any) -> bool:
        return _circuit.run(partial(super().has_key, key), without=False)

    def incr(self, key: Any, delta: int) -> int:
        counted = _circuit.run(partial(self._incr, key, delta), None)
        if counted is None:
            raise ValueError(f"Key '{key}' not found.")
        return counted

    def _incr(self, key: Any, delta: int) -> int | None:
        try:
            return int(super().incr(key, delta))
        except ResponseError:  # no number: an error of the caller, not of the server
            return None

    def keep_many(self, data: Any, timeout: Any) -> bool:
        """Return whether all values are stored."""

        def keep() -> bool:
            self.set_many(data, timeout)
            return True

        return _circuit.run(keep, without=False)

    def delete_many(self, keys: Any) -> None:
        _circuit.run(partial(super().delete_many, keys), None)

    def clear_those_of(self, prefix: str) -> bool:
        """Remove the keys that begin so, and no others: limits are there, too."""
        client = self.get_client(None, write=True)
        pattern = _SPECIAL.sub(r"\\\1", prefix) + "*"

        def clear() -> bool:
            found = client.scan_iter(pattern, count=_AT_ONCE)
            while keys := list(islice(found, _AT_ONCE)):
                client.unlink(*keys)
            return True

        return _circuit.run(clear, without=False)


@cache
def _client(servers: tuple[str, ...], timeout: float) -> _Client:
    # One for all requests, each of which has a backend of its own: connections are reused.
    return _Client(list(servers), timeout)


class ServiceCache(RedisCache):
    """Django's own, which stores nothing and misses while Redis is unavailable."""

    def __init__(self, server: list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._shared = _client(tuple(server), params["OPTIONS"]["timeout"])

    @property
    def _cache(self) -> _Client:
        return self._shared

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Store values, and return the keys of those that were not stored."""
        if not data:
            return []
        named = {self.make_and_validate_key(key, version): data[key] for key in data}
        kept = self._cache.keep_many(named, self.get_backend_timeout(timeout))
        return [] if kept else list(data)

    def clear(self) -> Any:
        """Remove all values of this cache, whatever else is in the database."""
        return self._cache.clear_those_of(f"{self.key_prefix}:")


def make_caches(settings: RedisSettings, slug: str) -> dict[str, dict[str, Any]]:
    """Return Django's setting CACHES.

    Args:
        settings: Where Redis is.
        slug: The service's name, with which its keys begin.
    """
    if settings.redis_url is None:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    return {
        "default": {
            "BACKEND": f"{__name__}.{ServiceCache.__name__}",
            # A list, for Django cuts a text at commas, and a password may have one.
            "LOCATION": [settings.redis_url.get_secret_value()],
            "KEY_PREFIX": f"{slug}:django",
            "OPTIONS": {"timeout": settings.redis_timeout},
        }
    }
