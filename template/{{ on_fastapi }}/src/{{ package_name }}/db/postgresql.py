"""PostgreSQL through psycopg, which takes the same URLs as libpq's own tools."""

import math

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .settings import DatabaseSettings


def create(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    """Return an engine that tests connections before it uses them."""
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_timeout=settings.database_timeout,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={"connect_timeout": math.ceil(settings.database_timeout)},
    )
