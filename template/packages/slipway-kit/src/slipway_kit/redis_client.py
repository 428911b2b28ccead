"""The client of Redis, and its circuit breaker."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

from .correlation import correlation_id
from .health import Check
from .settings_group import CaseInsensitiveEnum, DeploymentExample, SettingsGroup

CONNECTIONS = 32
"""Maximum connections of a worker; if all are in use, a request waits for one."""

PROBE_SECONDS = 1.0
"""The interval in which an unavailable Redis is probed."""

_CONNECTION_ERRORS = (RedisError, OSError, TimeoutError)

logger = logging.getLogger(__name__)


class FailureMode(CaseInsensitiveEnum):
    """What becomes of rate limits without Redis."""

    MEMORY = "memory"
    OPEN = "open"
    CLOSED = "closed"


def _check_url(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        try:
            Redis.from_url(value.get_secret_value())
        except ValueError:
            raise ValueError("must be a URL like redis://user:password@host:6379/0") from None
    return value


class RedisSettings(SettingsGroup):
    """Redis."""

    redis_url: Annotated[
        SecretStr | None,
        AfterValidator(_check_url),
        Field(description="Redis or Valkey, redis://host:6379/0; unset: all is in process."),
    ] = None
    redis_timeout: Annotated[
        float,
        Field(
            description="Timeout of an operation in seconds; then Redis is unavailable.",
            gt=0,
            le=10,
        ),
    ] = 0.25
    rate_limit_fail: Annotated[
        FailureMode,
        Field(description="Limits without Redis: memory (in process), open (none), closed."),
    ] = FailureMode.MEMORY

    @classmethod
    def deployment_examples(cls) -> dict[str, DeploymentExample]:
        """Return what a deployment may set."""
        return {"redis_url": DeploymentExample("redis://redis:6379/0")}


class RedisUnavailableError(Exception):
    """Redis does not respond, or did not lately."""


class RedisClient:
    """A client with a circuit breaker: while Redis is unavailable, no request waits for it.

    The first error or timeout opens the circuit. While it is open, no request calls Redis; a task
    probes it periodically, and closes the circuit.

    Args:
        client: The client; its own time limits are off.
        timeout: Seconds that an operation may take.
        on_change: Called with whether Redis is unavailable, when that changes.
    """

    def __init__(
        self, client: Redis, timeout: float, on_change: Callable[[bool], None] | None = None
    ) -> None:
        self.client = client
        self.unavailable = False
        self.recoveries: list[Callable[[Redis], Awaitable[object]]] = []
        self._timeout = timeout
        self._on_change = on_change or (lambda _: None)
        self._probe: asyncio.Task[None] | None = None
        self._free = asyncio.Semaphore(CONNECTIONS)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: RedisSettings, on_change: Callable[[bool], None] | None = None
    ) -> AsyncIterator[Self | None]:
        """Open the client, whether or not Redis is available; None without REDIS_URL."""
        if settings.redis_url is None:
            yield None
            return
        client = Redis.from_url(
            settings.redis_url.get_secret_value(),
            # Once more, because a connection that was idle may have been closed meanwhile.
            retry=Retry(NoBackoff(), 1),
            socket_timeout=None,
            socket_connect_timeout=None,
            max_connections=CONNECTIONS + 1,  # one is the probe's
            # With them on, the client does not look whether an idle connection is still open.
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        redis = cls(client, settings.redis_timeout, on_change)
        try:
            with suppress(RedisUnavailableError):
                await redis.run(_ping)
            yield redis
        finally:
            await redis.close()

    async def run[T](self, operation: Callable[[Redis], Awaitable[T]]) -> T:
        """Run an operation, if Redis is available.

        Raises:
            RedisUnavailableError: Redis is unavailable.
        """
        if self.unavailable:
            raise RedisUnavailableError
        async with self._free:
            if self.unavailable:  # since it waited
                raise RedisUnavailableError
            try:
                async with asyncio.timeout(self._timeout):
                    return await operation(self.client)
            except _CONNECTION_ERRORS as error:
                self._mark_unavailable(error)
                raise RedisUnavailableError from error

    async def ping(self) -> None:
        """Ping Redis.

        Raises:
            RedisUnavailableError: Redis is unavailable.
        """
        await self.run(_ping)

    async def close(self) -> None:
        """Close the connections."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)
        with suppress(*_CONNECTION_ERRORS):
            async with asyncio.timeout(self._timeout):
                await self.client.aclose()

    def _mark_unavailable(self, error: Exception) -> None:
        # Many requests may find out at the same time.
        if self.unavailable:
            return
        self.unavailable = True
        logger.warning(
            "Redis is unavailable (%s); the service goes on without", type(error).__name__
        )
        self._on_change(self.unavailable)
        self._probe = asyncio.create_task(self._wait_until_available())

    async def _wait_until_available(self) -> None:
        correlation_id.set("")  # its log lines do not belong to the request that noticed
        while self.unavailable:
            await asyncio.sleep(PROBE_SECONDS)
            with suppress(*_CONNECTION_ERRORS):
                async with asyncio.timeout(self._timeout):
                    await self.client.ping()
                    for recover in self.recoveries:
                        await recover(self.client)
                self.unavailable = False
        logger.warning("Redis is available again")
        self._on_change(self.unavailable)


async def _ping(client: Redis) -> None:
    await client.ping()


async def _nothing() -> None:
    pass


def cache_check(redis: RedisClient | None) -> Check:
    """Return the health check; it is not critical, for the service works without Redis."""
    return Check("cache", _nothing if redis is None else redis.ping, critical=False)
