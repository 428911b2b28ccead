"""PostgreSQL through psycopg, which takes the same URLs as libpq's own tools."""

import math
import time
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .settings import DatabaseSettings

_IDLE_SECONDS = 1.0
"""A connection that was not used for longer is tested: what is in use fails in use."""


def create(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    """Return an engine that tests idle connections before it uses them."""
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_timeout=settings.database_timeout,
        pool_use_lifo=True,
        pool_recycle=1800,
        connect_args={"connect_timeout": math.ceil(settings.database_timeout)},
    )
    dialect = engine.dialect

    @event.listens_for(engine.sync_engine, "checkin")
    def note_time(_: object, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ping(connection: Any, record: Any, _: object) -> None:
        used_at = record.info.get("used_at")
        if used_at is None or time.monotonic() - used_at < _IDLE_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    return engine
