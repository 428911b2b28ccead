"""Whether the database has the migrations of this version."""

import logging
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from slipway_kit.health import Check

_APPLIED = text("SELECT version_num FROM alembic_version")


class MigrationsCheck:
    """The health check of migrations: without them, requests would fail.

    A database that is newer than this version passes, as after a rollback. Once it has passed, it
    asks no more.

    Args:
        engine: The database.
        migrations: The folder of Alembic's scripts.
    """

    def __init__(self, engine: AsyncEngine, migrations: Path) -> None:
        self._engine = engine
        self._migrations = migrations
        self._passed = False

    @property
    def check(self) -> Check:
        """The health check."""
        return Check("migrations", self.probe)

    async def probe(self) -> None:
        """Raise if a migration of this version is missing.

        Raises:
            SQLAlchemyError: The database does not respond, or was never migrated.
            RuntimeError: It lacks a migration.
        """
        if self._passed:
            return
        async with self._engine.connect() as connection:
            applied = tuple(await connection.scalars(_APPLIED))
        if is_behind(applied, self._migrations):
            raise RuntimeError("the database lacks migrations of this version")
        self._passed = True


def is_behind(applied: tuple[str, ...], migrations: Path) -> bool:
    """Return whether `alembic upgrade heads` would find something to do.

    Args:
        applied: The revisions in the table of Alembic.
        migrations: The folder of Alembic's scripts.
    """
    scripts = _scripts(migrations)
    if not {script.revision for script in scripts.walk_revisions()}.issuperset(applied):
        return False  # of a newer version
    return any(scripts.iterate_revisions("heads", applied, implicit_base=True))


@cache
def _scripts(migrations: Path) -> Any:
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it reports each of its plugins
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- only readiness needs it

    return ScriptDirectory(migrations)
