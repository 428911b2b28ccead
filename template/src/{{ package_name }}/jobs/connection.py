"""The workers' connections to PostgreSQL, or a memory in their place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from procrastinate import BaseConnector, PsycopgConnector
from procrastinate.testing import InMemoryConnector
from psycopg_pool import AsyncConnectionPool

from ..settings import Settings
from .database import connection_options, is_stored

_PACKAGE = Path(__file__).parents[1]


def task_modules() -> list[str]:
    """Return the modules that declare tasks: each `tasks.py` in a folder of the package."""
    return [
        f"{_PACKAGE.name}.{path.parent.name}.tasks" for path in sorted(_PACKAGE.glob("*/tasks.py"))
    ]


@asynccontextmanager
async def open_connector(settings: Settings) -> AsyncIterator[BaseConnector]:
    """Open connections, each when it is first needed."""
    if not is_stored(settings):
        memory = InMemoryConnector()
        await memory.open_async()
        yield memory
        return
    pool = AsyncConnectionPool(
        kwargs=connection_options(settings),
        min_size=0,
        max_size=max(settings.database_pool_size, 2),  # one of them listens
        timeout=settings.database_timeout,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
    async with pool:
        connector = PsycopgConnector()
        await connector.open_async(pool)
        yield connector
