"""SQLite, as a server with several requests at a time needs it."""

from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .settings import DatabaseSettings

PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON")


def create(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    """Return an engine whose readers do not wait for the writer, with foreign keys enforced."""
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_timeout=settings.database_timeout,
        connect_args={"timeout": settings.database_timeout},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
