"""The connection to the database, from the service's start to its stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import sqlalchemy
from sqlalchemy import Engine, NullPool, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from slipway_kit.health import Check

from . import sqlite
from .migrated import MigrationsCheck
from .settings import DatabaseSettings, parse_url


def create_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return the engine for the URL in the settings; it connects when it is first used."""
    url = parse_url(settings.database_url.get_secret_value())
    if url.get_backend_name() == "sqlite":
        return sqlite.create(url, settings)
    from . import postgresql  # noqa: PLC0415 -- a service on SQLite does not install its driver

    return postgresql.create(url, settings)


def create_sync_engine(settings: DatabaseSettings) -> Engine:
    """Return an engine for scripts, which have no event loop and need one connection at a time."""
    url = parse_url(settings.database_url.get_secret_value())
    driver = url.drivername.removesuffix("+aiosqlite")
    return sqlalchemy.create_engine(url.set(drivername=driver), poolclass=NullPool)


@dataclass(frozen=True)
class Database:
    """An engine, what makes sessions on it, and the folder of its migrations."""

    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    migrations: Path

    @cached_property
    def autocommit(self) -> AsyncEngine:
        """The same connections, without transactions; SQLite's begin with a write only."""
        if self.engine.dialect.name == "sqlite":
            return self.engine
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        settings: DatabaseSettings,
        migrations: Path,
        *,
        reported: bool = False,
        traced: bool = False,
    ) -> AsyncIterator[Self]:
        """Open the database; its connections are closed in the end.

        Args:
            settings: Where it is.
            migrations: The folder of Alembic's scripts.
            reported: Whether Sentry's reports have the queries.
            traced: Whether queries make spans.
        """
        engine = create_engine(settings)
        # Loading these is slow, or fails where they are not installed.
        if reported:
            from .sentry import report_queries  # noqa: PLC0415

            report_queries()
        if traced:
            from .tracing import trace_queries  # noqa: PLC0415

            trace_queries(engine.sync_engine)
        try:
            # A session that is used after its end raises: it would take a connection for ever.
            sessions = async_sessionmaker(engine, expire_on_commit=False, close_resets_only=False)
            yield cls(engine, sessions, migrations)
        finally:
            await engine.dispose()

    async def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            SQLAlchemyError: It gives none.
        """
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    @property
    def checks(self) -> tuple[Check, Check]:
        """The health checks of the database."""
        return Check("database", self.ping), MigrationsCheck(self.engine, self.migrations).check
