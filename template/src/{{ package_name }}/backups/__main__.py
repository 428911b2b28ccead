"""The commands for backups, as the Makefile calls them."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ..settings import Settings, SettingsError, read_settings
from .databases import source_at
from .errors import BackupError
from .store import Store
from .work import back_up, restore, verify

_FAULTS = (BackupError, SettingsError)


def run_backup(settings: Settings) -> None:
    """Write a backup, then remove those that are too old."""
    store = _store(settings)
    now = datetime.now(UTC)
    backup = back_up(source_at(settings.database_url.get_secret_value()), store, settings, now)
    kind = "encrypted" if backup.manifest.encrypted else "not encrypted: set BACKUP_RECIPIENTS"
    _tell(f"{backup.path}: {backup.manifest.size} bytes, {kind}", backup.manifest.rows)
    removed = store.prune(
        now, days=settings.backup_keep_days, at_least=settings.backup_keep_at_least
    )
    for name in removed:
        print(f"{name}: removed, as it was older than {settings.backup_keep_days} days")
    # Told, but no failure: the new backup is good.
    for fault in store.faults():
        print(fault, file=sys.stderr)


def run_restore(settings: Settings, name: str | None, *, replace: bool) -> None:
    """Restore a backup into an empty database."""
    backup = _store(settings).find(name)
    source = source_at(settings.database_url.get_secret_value())
    rows = restore(source, backup, settings, replace=replace)
    _tell(f"{backup.name}: restored", rows)
    print("make migrate brings it to the migrations of this version of the service.")


def run_verify(settings: Settings, name: str | None) -> None:
    """Restore a backup into a scratch database, and count its rows."""
    backup = _store(settings).find(name)
    source = source_at(settings.database_url.get_secret_value())
    rows = verify(source, backup, settings)
    _tell(f"{backup.name}: can be restored, with all rows that were backed up", rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("backup", help=run_backup.__doc__)
    restoring = commands.add_parser("restore", help=run_restore.__doc__)
    restoring.add_argument("--replace", action="store_true", help="remove what is there")
    verifying = commands.add_parser("verify", help=run_verify.__doc__)
    for parsed in (restoring, verifying):
        parsed.add_argument("name", nargs="?", help="the backup's file; the newest where none is")
    given = parser.parse_args(arguments)
    try:
        settings = read_settings()
        match given.command:
            case "backup":
                run_backup(settings)
            case "restore":
                run_restore(settings, given.name, replace=given.replace)
            case _:
                run_verify(settings, given.name)
    except _FAULTS as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{where}{error.strerror}", file=sys.stderr)
        return 1
    return 0


def _store(settings: Settings) -> Store:
    package = (__package__ or "").partition(".")[0]
    return Store(settings.backup_dir, package)


def _tell(what: str, rows: Mapping[str, int]) -> None:
    print(what)
    for table, count in rows.items():
        print(f"  {table}: {count} rows")


if __name__ == "__main__":
    sys.exit(main())
