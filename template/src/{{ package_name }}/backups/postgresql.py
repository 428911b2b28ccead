"""PostgreSQL: dumps by its own tools, which must not be older than the server.

The tools learn where the database is from a file that only its owner can read: a password on a
command line could be read by everyone on the host.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NoReturn, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .encryption import Writable
from .errors import BackupError
from .source import Dump

_SERVICE = "backup"
_LOCK_SECONDS = 60
_ENDING_SECONDS = 0.5
_ENDED_EARLY = (BackupError, OSError)
_AT_A_TIME = 2**20
# What the tools need of the environment. Other variables may hold the service's own secrets.
_NAMES = {"HOME", "LANG", "PATH", "TMPDIR", "TZ"}
_PREFIXES = ("LC_", "LD_", "PG")
_OWN_SCHEMAS = """
SELECT n.oid, n.nspname FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
# Without what an extension brought, and without the parts of tables that are counted as a whole.
_RELATIONS = f"""
SELECT s.nspname, c.relname FROM pg_class c JOIN ({_OWN_SCHEMAS}) s ON s.oid = c.relnamespace
WHERE c.relkind = ANY(%s) AND NOT c.relispartition AND NOT EXISTS (
    SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
)
ORDER BY s.nspname, c.relname
"""  # noqa: S608 -- of constants
_TABLES = ["r", "p"]
_ANYTHING = [*_TABLES, "v", "m", "S", "f"]
# In the transaction that restores: should anything fail, all is as it was.
_CLEAR = f"""
DO $$
DECLARE own record;
BEGIN
    FOR own IN {_OWN_SCHEMAS} LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', own.nspname);
    END LOOP;
    CREATE SCHEMA public;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
END
$$;
"""


class _Tool:
    """A tool that runs."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        if process.stdin is None or process.stdout is None:
            raise TypeError("the tool needs pipes")
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout
        self._name = name
        self._process = process
        self._said = said

    def succeed(self) -> None:
        """Wait for its end.

        Raises:
            BackupError: It failed; the message is the first line that it wrote.
        """
        if self._process.wait():
            self._complain()

    def blame(self) -> None:
        """Fail as succeed does if the tool has failed by itself; it may be about to end."""
        with suppress(subprocess.TimeoutExpired):
            if self._process.wait(_ENDING_SECONDS) > 0:
                self._complain()

    def end(self) -> None:
        """End it if it still runs, with what it has started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _complain(self) -> NoReturn:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        raise BackupError(lines[0] if lines else f"{self._name} failed")


class Postgresql:
    """A database on a server.

    Args:
        url: Where it is, in libpq's form.
    """

    kind = "postgresql"
    suffix = ".dump"

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def dumped(self) -> Iterator[Dump]:
        """Provide a dump in pg_dump's own compressed format.

        Rows are counted in the very snapshot that is dumped.
        """
        with self._connected() as connection:
            # The snapshot lives as long as this transaction, which waits for pg_dump.
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            (snapshot,) = _one(connection, "SELECT pg_export_snapshot()")
            rows = _count(connection)
            with self._tool(
                *("pg_dump", "--format=custom", f"--dbname=service={_SERVICE}"),
                *(f"--snapshot={snapshot}", f"--lock-wait-timeout={_LOCK_SECONDS}s"),
            ) as dump:
                yield Dump(dump.stdout, rows)
                dump.succeed()

    def contents(self) -> str:
        """Say what is in it."""
        with self._connected() as connection:
            found = len(_relations(connection, _ANYTHING))
            name = connection.info.dbname
        return f"the database {name}: holds {found} tables, sequences or views" if found else ""

    @contextmanager
    def restoring(self, *, replace: bool) -> Iterator[Writable]:
        """Take a dump, in one transaction that is committed when all of it has been read."""
        begin = f"SET lock_timeout = '{_LOCK_SECONDS}s';\nBEGIN;\n{_CLEAR if replace else ''}"
        with (
            self._tool(
                *("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"),
                *("--set=VERBOSITY=terse", "--output=/dev/null", f"--dbname=service={_SERVICE}"),
            ) as psql,
            self._tool("pg_restore", "--no-owner", "--no-privileges", "--file=-") as unpacked,
        ):
            pump = threading.Thread(target=_pump, args=(unpacked.stdout, psql.stdin))
            try:
                psql.stdin.write(begin.encode())
                psql.stdin.flush()
                pump.start()
                yield unpacked.stdin
                unpacked.stdin.close()
                pump.join()
                unpacked.succeed()
                psql.stdin.write(b"\nCOMMIT;\n")
                psql.stdin.close()
                psql.succeed()
            except _ENDED_EARLY:
                # Where psql has ended, pg_restore has, too, and what they said tells why.
                psql.blame()
                unpacked.blame()
                raise
            finally:
                unpacked.end()
                psql.end()
                if pump.is_alive():
                    pump.join()

    def rows(self) -> dict[str, int]:
        """Count the rows of each table."""
        with self._connected() as connection:
            return _count(connection)

    @contextmanager
    def scratch(self) -> Iterator[Self]:
        """Provide an empty database on the same server, gone afterwards."""
        name = f"verify_{uuid.uuid4().hex}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        with self._connected(autocommit=True) as connection:
            try:
                connection.execute(create)
            except psycopg.errors.InsufficientPrivilege:
                raise BackupError(
                    "the role may not make a scratch database: give it CREATEDB, or set "
                    "DATABASE_URL to a server where it may"
                ) from None
        try:
            yield type(self)(make_conninfo(self._url, dbname=name))
        finally:
            with self._connected(autocommit=True) as connection:
                connection.execute(drop)

    @contextmanager
    def _connected(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(self._url, autocommit=autocommit) as connection:
                yield connection
        except psycopg.Error as error:
            raise BackupError(f"the database: {str(error).partition('\n')[0]}") from None

    @contextmanager
    def _tool(self, name: str, *arguments: str) -> Iterator[_Tool]:
        """Run one of PostgreSQL's tools; it is killed where it has not ended by itself."""
        if shutil.which(name) is None:
            raise BackupError(
                f"{name} is missing: install PostgreSQL's client tools "
                "(postgresql-client in Debian), no older than the server"
            )
        with (
            tempfile.TemporaryDirectory(prefix="backup-") as folder,
            tempfile.TemporaryFile() as said,
        ):
            environment = {
                key: value
                for key, value in os.environ.items()
                if key in _NAMES or key.startswith(_PREFIXES)
            }
            process = subprocess.Popen(  # noqa: S603 -- no shell, and no word of a user
                [name, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
                env=environment | {"PGSERVICEFILE": str(_service_file(Path(folder), self._url))},
            )
            tool = _Tool(name, process, said)
            try:
                yield tool
            finally:
                tool.end()
                for pipe in (tool.stdin, tool.stdout):
                    with suppress(OSError):  # what was not taken is not written any more
                        pipe.close()


def _pump(source: IO[bytes], target: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(source, target, _AT_A_TIME)
    except OSError:
        # The reader is gone: the writer must not wait for it.
        source.close()


def _service_file(folder: Path, url: str) -> Path:
    path = folder / "service.conf"
    lines = [f"{name}={value}" for name, value in conninfo_to_dict(url).items()]
    path.touch(0o600)
    path.write_text("\n".join([f"[{_SERVICE}]", *lines, ""]), encoding="utf-8")
    return path


def _one(connection: psycopg.Connection, query: str) -> tuple[object, ...]:
    row = connection.execute(query.encode()).fetchone()
    if row is None:
        raise BackupError("the database: gave no answer")
    return row


def _relations(connection: psycopg.Connection, kinds: Sequence[str]) -> list[tuple[str, str]]:
    return connection.execute(_RELATIONS.encode(), [list(kinds)]).fetchall()


def _count(connection: psycopg.Connection) -> dict[str, int]:
    counted = {}
    for schema, table in _relations(connection, _TABLES):
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        row = connection.execute(query).fetchone()
        counted[table if schema == "public" else f"{schema}.{table}"] = row[0] if row else 0
    return counted
