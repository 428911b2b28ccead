"""A database on a PostgreSQL server."""

import os
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .processes import BackupError, run

# Without what an extension brought.
IS_EMPTY = """
SELECT NOT EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
)
"""
CLEAR = """
SET LOCAL lock_timeout = '60s';
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', name);
    END LOOP;
    CREATE SCHEMA public;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
END $$
"""


class Postgresql:
    """A database on a server.

    Args:
        url: The database's.
        name: The service's, which names the file in restic's repository.
    """

    scratch: Path | None = None

    def __init__(self, url: str, name: str) -> None:
        self.file = f"/{name}.sql"
        self.url = f"postgresql://{url.partition('://')[2]}"
        try:
            parts = conninfo_to_dict(self.url)
        except psycopg.Error as error:
            raise BackupError(error) from error
        # Command lines can be read by everyone on the host.
        password = parts.pop("password", None)
        self.env = os.environ | ({"PGPASSWORD": str(password)} if password else {})
        self.dbname = "--dbname=" + make_conninfo("", **parts)

    def is_empty(self) -> bool:
        """Return whether nothing is in it.

        Raises:
            BackupError: It cannot be read.
        """
        try:
            with psycopg.connect(self.url) as connection:
                return connection.execute(IS_EMPTY).fetchone() == (True,)
        except psycopg.Error as error:
            raise BackupError(error) from error

    def dump(self, file: Path) -> None:
        """Write its content as SQL."""
        options = ("--no-owner", "--no-privileges", "--lock-wait-timeout=60s")
        run("pg_dump", *options, f"--file={file}", self.dbname, env=self.env)

    def restore(self, file: Path) -> None:
        """Replace its content, in one transaction."""
        options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction")
        script = (f"--command={CLEAR}", f"--file={file}")
        run("psql", *options, self.dbname, *script, env=self.env, stdout=subprocess.DEVNULL)
