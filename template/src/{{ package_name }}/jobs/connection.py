"""The workers' connections to PostgreSQL, or a memory in their place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from procrastinate import BaseConnector, PsycopgConnector
from procrastinate.testing import InMemoryConnector
from psycopg_pool import AsyncConnectionPool

from ..settings import Settings

_PACKAGE = Path(__file__).parents[1]


def task_modules() -> list[str]:
    """Return the modules that declare tasks: each `tasks.py` in a folder of the package."""
    return [
        f"{_PACKAGE.name}.{path.parent.name}.tasks" for path in sorted(_PACKAGE.glob("*/tasks.py"))
    ]


def is_stored(settings: Settings) -> bool:
    """Return whether jobs are stored, in PostgreSQL; else they stay in this process's memory."""
    return not settings.database_url.get_secret_value().startswith("sqlite")


@asynccontextmanager
async def open_connector(settings: Settings) -> AsyncIterator[BaseConnector]:
    """Open connections, each when it is first needed."""
    if not is_stored(settings):
        memory = InMemoryConnector()
        await memory.open_async()
        yield memory
        return
    rest = settings.database_url.get_secret_value().partition("://")[2]
    pool = AsyncConnectionPool(
        f"postgresql://{rest}",
        kwargs={"connect_timeout": round(settings.database_timeout + 0.5)},
        min_size=0,
        max_size=settings.database_pool_size,
        timeout=settings.database_timeout,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
    async with pool:
        connector = PsycopgConnector()
        await connector.open_async(pool)
        yield connector
