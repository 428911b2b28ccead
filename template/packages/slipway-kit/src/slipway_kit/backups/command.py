"""Back the database up with restic, and restore it: docs/backups.md."""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from ..settings import SettingsError
from .processes import BackupError, run
from .settings import BackupSettings
from .sqlite import Sqlite


class Database(Protocol):
    """What is backed up.

    Attributes:
        file: Its name in the repository.
        scratch: The folder for its copies; None for the system's.
    """

    file: str
    scratch: Path | None

    def is_empty(self) -> bool:
        """Return whether nothing is in it."""

    def dump(self, file: Path) -> None:
        """Write its content."""

    def restore(self, file: Path) -> None:
        """Replace its content."""


def main[Settings: BackupSettings](
    name: str, read_settings: Callable[[], Settings], database_url: Callable[[Settings], SecretStr]
) -> None:
    """Run a command; an error is one message on standard error, and exit status 1.

    Args:
        name: The service's package: the host that restic records, and the file in it, for
            containers have another host name each time.
        read_settings: Reads the settings.
        database_url: Returns the database's URL, which is among them.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}.backups", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("backup", help="back up the database, then remove old backups")
    restore = commands.add_parser("restore", help="restore a backup into an empty database")
    restore.add_argument("--replace", action="store_true", help="replace what is in the database")
    restore.add_argument("snapshot", nargs="?", default="latest")
    commands.add_parser("verify", help="read and check everything in the repository")
    restic = commands.add_parser("restic", help="run restic on the repository: init, snapshots...")
    restic.add_argument("arguments", nargs=argparse.REMAINDER)
    # Else a copy of the data is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    given = parser.parse_args()
    try:
        settings = read_settings()
        url = database_url(settings).get_secret_value()
        _perform(given, name, settings, url)
    except FileNotFoundError as error:
        sys.exit(f"{error.filename}: is missing (docs/backups.md)")
    except (OSError, SettingsError, BackupError, sqlite3.Error) as error:
        sys.exit(f"{given.command} failed: {error}")


def _perform(given: argparse.Namespace, name: str, settings: BackupSettings, url: str) -> None:
    if settings.restic_password is None:
        sys.exit("RESTIC_PASSWORD: is missing; backups are encrypted with it (docs/backups.md)")
    env = os.environ | {
        "RESTIC_REPOSITORY": settings.backup_dir,
        "RESTIC_PASSWORD": settings.restic_password.get_secret_value(),
    }
    if given.command == "restic":
        os.execvpe("restic", ["restic", *given.arguments], env)  # noqa: S606, S607 -- as typed
    # Before the long work: is the repository there, and is this its password?
    run("restic", "cat", "config", "--no-lock", env=env, stdout=subprocess.DEVNULL)
    database = _database(url, name)
    of_service = (f"--host={name}", f"--path={database.file}")
    match given.command:
        case "backup":
            _back_up(database, name, settings, env)
        case "restore":
            if not (given.replace or database.is_empty()):
                sys.exit("the database is not empty; replace=yes (--replace) replaces its content")
            if database.scratch:
                database.scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".backup-", dir=database.scratch) as folder:
                file = Path(folder, "dump")
                with file.open("wb") as dump:
                    what = (*of_service, given.snapshot, database.file)
                    run("restic", "dump", "--no-lock", *what, env=env, stdout=dump)
                database.restore(file)
            _say(f"{given.snapshot}: is restored; make migrate upgrades it to this release")
        case _:
            run("restic", "check", "--read-data", env=env, stdout=subprocess.DEVNULL)
            newest = (*of_service, "latest", database.file)
            run("restic", "dump", *newest, env=env, stdout=subprocess.DEVNULL)
            _say("all backups were read, and none is damaged")


def _database(url: str, name: str) -> Database:
    if url.startswith("sqlite"):
        return Sqlite(url, name)
    # Only services with PostgreSQL have its driver.
    from .postgresql import Postgresql  # noqa: PLC0415

    return Postgresql(url, name)


def _back_up(database: Database, name: str, settings: BackupSettings, env: dict[str, str]) -> None:
    repository = Path(settings.backup_dir)
    if repository.exists() and not os.access(repository, os.W_OK):  # restic tries for 15 minutes
        sys.exit(f"{repository}: cannot be written (BACKUP_DIR)")
    if database.is_empty():
        sys.exit("the database is empty: is DATABASE_URL the right one, and was it migrated?")
    # Not by a pipe: restic would save what a pg_dump that fails has written until then.
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=database.scratch) as folder:
        file = Path(folder, "dump")
        database.dump(file)
        with file.open("rb") as dump:
            what = ("--stdin", f"--stdin-filename={database.file}", f"--host={name}")
            run("restic", "backup", *what, env=env, stdin=dump)
    run("restic", "unlock", env=env, stdout=subprocess.DEVNULL)  # of runs that were killed
    keep = (
        f"--keep-within={settings.backup_keep_days}d",
        f"--keep-last={settings.backup_keep_at_least}",
    )
    of_service = (f"--host={name}", "--group-by=host")
    run("restic", "forget", *of_service, *keep, "--prune", env=env, stdout=subprocess.DEVNULL)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
