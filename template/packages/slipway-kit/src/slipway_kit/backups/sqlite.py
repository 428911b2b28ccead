"""A database in a file."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path


class Sqlite:
    """A database in a file.

    Args:
        url: The database's.
        name: The service's, which names the file in restic's repository.
    """

    def __init__(self, url: str, name: str) -> None:
        self.file = f"/{name}.db"
        self.path = Path(url.partition(":///")[2])
        self.scratch: Path | None = self.path.parent

    def is_empty(self) -> bool:
        """Return whether nothing is in it; reading must not make the file."""
        if not self.path.exists():
            return True
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute("SELECT 1 FROM sqlite_master").fetchone() is None

    def dump(self, file: Path) -> None:
        """Copy it, also while the service writes."""
        _copy(self.path, file)
        with closing(sqlite3.connect(file)) as database:
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            sys.exit(f"{self.path}: is damaged: {found}")

    def restore(self, file: Path) -> None:
        """Replace its content, in one transaction."""
        _copy(file, self.path)


def _copy(source: Path, target: Path) -> None:
    # By SQLite's own means.
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
