"""Backing up, restoring, and verifying."""

import shutil
from collections.abc import Mapping
from datetime import datetime

from .encryption import seal, unseal
from .errors import BackupError
from .settings import BackupSettings
from .source import Source
from .store import Backup, Store

ENCRYPTED = ".age"


def back_up(source: Source, store: Store, settings: BackupSettings, now: datetime) -> Backup:
    """Write a backup.

    Raises:
        BackupError: The database cannot be read or has no tables, or the backup not written.
    """
    keys = settings.backup_recipients
    suffix = source.suffix + (ENCRYPTED if keys else "")
    with (
        store.writing(suffix, database=source.kind, encrypted=bool(keys), now=now) as (path, draft),
        source.dumped() as dump,
    ):
        if not dump.rows:
            raise BackupError(
                "the database has no tables: DATABASE_URL is another one's, or make migrate was "
                "not run yet"
            )
        try:
            seal(dump.stream, draft, keys)
        except BackupError as error:
            raise BackupError(f"{path}: {error}") from None
        draft.rows = dict(dump.rows)
    return store.find(str(path.absolute()))


def restore(
    source: Source, backup: Backup, settings: BackupSettings, *, replace: bool
) -> Mapping[str, int]:
    """Put a backup into the database.

    Args:
        source: The database.
        backup: What to restore.
        settings: Where the private key is.
        replace: Do so even if the database is not empty; what is in it is lost.

    Returns:
        How many rows each table has.

    Raises:
        BackupError: The backup is damaged or of another kind of database, or the database is not
            empty; it is as it was before.
    """
    if backup.manifest.database != source.kind:
        raise BackupError(
            f"{backup.name}: is of {backup.manifest.database}, and DATABASE_URL of {source.kind}"
        )
    backup.check()
    if not replace and (found := source.contents()):
        raise BackupError(f"{found}; replace=yes puts the backup in its place")
    identity = settings.backup_identity
    try:
        with backup.path.open("rb") as file, source.restoring(replace=replace) as target:
            if backup.manifest.encrypted:
                unseal(file, target, identity.get_secret_value() if identity else None)
            else:
                shutil.copyfileobj(file, target)
    except BackupError as error:
        raise BackupError(f"{backup.name}: {error}") from None
    return _same_rows(backup, source.rows())


def verify(source: Source, backup: Backup, settings: BackupSettings) -> Mapping[str, int]:
    """Restore a backup into a scratch database beside the real one, and count its rows.

    Raises:
        BackupError: It cannot be restored, or its rows are not those that were backed up.
    """
    with source.scratch() as scratch:
        return restore(scratch, backup, settings, replace=False)


def _same_rows(backup: Backup, found: Mapping[str, int]) -> Mapping[str, int]:
    had = backup.manifest.rows
    differing = [
        f"{table} has {found.get(table, 'no')} and had {had.get(table, 'no')}"
        for table in sorted({*found, *had})
        if found.get(table) != had.get(table)
    ]
    if differing:
        raise BackupError(f"{backup.name}: the rows differ: {'; '.join(differing)}")
    return found
