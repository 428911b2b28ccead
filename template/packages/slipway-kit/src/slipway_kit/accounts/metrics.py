"""How many users are active, for Prometheus."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from prometheus_client import Gauge

from ..metrics import Metrics

MEASURING_SECONDS = 15.0
"""How often they are counted."""

logger = logging.getLogger(__name__)


class UserMetrics:
    """The number of active users, in the service's registry."""

    def __init__(self, metrics: Metrics) -> None:
        self._active = Gauge(
            "users_active",
            "Users with a session that got an access token which has not expired.",
            registry=metrics.registry,
            multiprocess_mode="livemax",
        )

    @asynccontextmanager
    async def measuring(self, count: Callable[[], Awaitable[int]]) -> AsyncIterator[None]:
        """Count again and again meanwhile."""
        task = asyncio.create_task(self._measure(count))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _measure(self, count: Callable[[], Awaitable[int]]) -> None:
        while True:
            await asyncio.sleep(MEASURING_SECONDS)
            try:
                self._active.set(await count())
            except Exception as error:  # noqa: BLE001 -- of a lost database other alerts tell
                logger.debug("Active users are not counted: %s", type(error).__name__)
