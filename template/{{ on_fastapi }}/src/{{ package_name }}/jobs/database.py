"""Where jobs are stored: in the service's own database."""

import math
from contextlib import AbstractAsyncContextManager
from typing import Any

from procrastinate import BaseConnector
from psycopg.conninfo import conninfo_to_dict

from slipway_kit.jobs.connection import open_connector

from ..settings import Settings


def is_stored(settings: Settings) -> bool:
    """Return whether jobs are stored, in PostgreSQL; else they stay in this process's memory."""
    return not settings.database_url.get_secret_value().startswith("sqlite")


def connected(settings: Settings) -> AbstractAsyncContextManager[BaseConnector]:
    """Connect to the database, or to a memory."""
    options = connection_options(settings) if is_stored(settings) else None
    return open_connector(
        options, pool_size=settings.database_pool_size, wait_seconds=settings.database_timeout
    )


def connection_options(settings: Settings) -> dict[str, Any]:
    """Return the options of a connection to the database."""
    address = settings.database_url.get_secret_value().partition("://")[2]
    timeout = math.ceil(settings.database_timeout)
    return conninfo_to_dict(f"postgresql://{address}", connect_timeout=timeout)


def is_own(name: str | None, kind: str, _: object) -> bool:
    """Leave the tables of jobs to the package's own migrations, in Alembic's comparison."""
    return kind != "table" or not (name or "").startswith("procrastinate_")
