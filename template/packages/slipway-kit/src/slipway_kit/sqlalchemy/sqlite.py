"""SQLite, as a server with several requests at a time needs it."""

import asyncio
import sqlite3
from typing import Any

import aiosqlite
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .settings import DatabaseSettings

PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON")
_ROWS_AT_A_TIME = 64


class _Connection(aiosqlite.Connection):
    """A connection whose thread one can wait for."""

    stopped: asyncio.Future[None] | None = None

    def stop(self) -> asyncio.Future[None] | None:
        """Ask the thread to end."""
        self.stopped = super().stop()
        return self.stopped


async def _connect(database: str, **options: Any) -> _Connection:
    connection = _Connection(lambda: sqlite3.connect(database, **options), _ROWS_AT_A_TIME)
    # Like SQLAlchemy's own: a lost connection must not delay the exit of the process.
    connection._thread.daemon = True  # noqa: SLF001 -- there is no public way
    try:
        await connection
    except sqlite3.Error:
        # The thread reports its end to the event loop, which must still be there to hear it.
        if connection.stopped is not None:
            await connection.stopped
        raise
    return connection


def create(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    """Return an engine whose readers do not wait for the writer, with foreign keys enforced."""
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_timeout=settings.database_timeout,
        connect_args={"timeout": settings.database_timeout, "async_creator_fn": _connect},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
