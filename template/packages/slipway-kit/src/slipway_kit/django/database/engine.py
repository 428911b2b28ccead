"""The service's connections to the database, from its start to its stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.migrations.executor import MigrationExecutor

from ...health import Check

if TYPE_CHECKING:
    from ...settings import ServiceSettings

ExecuteWrapper = Callable[..., Any]
CLOSE_SECONDS = 2.0
"""How long a stop waits for connections to close."""


class Database:
    """What asks the database for signs of life, in a thread of its own.

    Requests have theirs: a thread that they all wait for does not make the check wait.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ping")
        self._connections: WeakSet[BaseDatabaseWrapper] = WeakSet()
        self._wrappers: list[ExecuteWrapper] = []
        self._migrated = False
        self._closing = ExitStack()

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: ServiceSettings) -> AsyncIterator[Self]:
        """Open the database; each thread connects when it first asks for something."""
        database = cls()
        database._open()
        # Not each service has these packages, and loading the SDK of Sentry is slow.
        if getattr(settings, "sentry_dsn", None) is not None:
            from .sentry import reported  # noqa: PLC0415

            database.watch(reported)
        if getattr(settings, "traces", False):
            from .tracing import traced  # noqa: PLC0415

            database.watch(traced)
        try:
            yield database
        finally:
            database._close()

    def watch(self, wrapper: ExecuteWrapper) -> None:
        """Let a wrapper see each query from now on (Django's database instrumentation)."""
        self._wrappers.append(wrapper)

    def at_close(self, callback: Callable[[], object]) -> None:
        """Have something called when the database is closed."""
        self._closing.callback(callback)

    def _open(self) -> None:
        def connected(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
            # The same object is connected again after a loss.
            if connection not in self._connections:
                self._connections.add(connection)
                connection.execute_wrappers.extend(self._wrappers)

        connection_created.connect(connected, weak=False)
        self.at_close(lambda: connection_created.disconnect(connected))

    def _close(self) -> None:
        self._closing.close()
        # A ping that hangs is left behind: the process ends all the same.
        self._thread.shutdown(wait=False, cancel_futures=True)
        # Django lets no event loop's thread do this.
        closing = Thread(target=self._disconnect, name="disconnect", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)

    def _disconnect(self) -> None:
        for each in list(self._connections):
            each.inc_thread_sharing()  # its own thread has nothing more to do
            each.close()

    async def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            django.db.Error: It gives none.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, _ping)

    async def require_migrations(self) -> None:
        """Raise if a migration of this version is missing: without it, requests would fail.

        A database that is newer than this version passes, as after a rollback. Once it has passed,
        it is asked no more.

        Raises:
            django.db.Error: It does not respond.
            RuntimeError: It lacks a migration.
        """
        if not self._migrated:
            await asyncio.get_running_loop().run_in_executor(self._thread, _require_migrations)
            self._migrated = True

    @property
    def checks(self) -> tuple[Check, Check]:
        """The health checks of the database."""
        return Check("database", self.ping), Check("migrations", self.require_migrations)


def _ping() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def _require_migrations() -> None:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise RuntimeError("the database lacks migrations of this version")
    finally:
        connection.close()
