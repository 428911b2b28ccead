"""The workers' connections to PostgreSQL, or a memory in their place."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from procrastinate import BaseConnector, PsycopgConnector
from procrastinate.testing import InMemoryConnector
from psycopg_pool import AsyncConnectionPool


def task_modules(package: Path) -> list[str]:
    """Return the modules that declare tasks: each `tasks.py` in a folder of the package."""
    return [
        f"{package.name}.{path.parent.name}.tasks" for path in sorted(package.glob("*/tasks.py"))
    ]


@asynccontextmanager
async def open_connector(
    options: Mapping[str, Any] | None, *, pool_size: int, wait_seconds: float
) -> AsyncIterator[BaseConnector]:
    """Open connections, each when it is first needed.

    Args:
        options: Those of a connection to PostgreSQL; None for a memory.
        pool_size: The most connections.
        wait_seconds: How long to wait for one.
    """
    if options is None:
        memory = InMemoryConnector()
        await memory.open_async()
        yield memory
        return
    pool = AsyncConnectionPool(
        kwargs=dict(options),
        min_size=0,
        max_size=max(pool_size, 2),  # one of them listens
        timeout=wait_seconds,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
    async with pool:
        connector = PsycopgConnector()
        await connector.open_async(pool)
        yield connector
