"""SQLite: a copy by SQLite's own means, which are safe while the service writes."""

import shutil
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from .encryption import Readable, Writable
from .errors import BackupError
from .source import Dump

_AT_A_TIME = 2**18
_GZIP = 31  # zlib's word for gzip's format with the largest window
_PATIENCE_SECONDS = 10.0
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNREADABLE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_COPY = ".backup-"
_LEFT_BEHIND_SECONDS = 24 * 60 * 60


class Sqlite:
    """A database in a file.

    Args:
        path: The file.
    """

    kind = "sqlite"
    suffix = ".db.gz"

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def dumped(self) -> Iterator[Dump]:
        """Provide a compressed copy.

        The copy lies beside the database until it is packed, so that data which is to be encrypted
        is nowhere else in clear.
        """
        if not self._path.is_file():
            raise BackupError(f"{self._path}: there is no database")
        with _folder_beside(self._path) as folder:
            copy = folder / "copy.db"
            _copy(self._path, copy)
            rows = _count(copy)
            with copy.open("rb") as file:
                yield Dump(_Deflated(file), rows)

    def contents(self) -> str:
        """Say what is in it."""
        if not self._path.exists():
            return ""
        try:
            tables = len(_count(self._path))
        except BackupError as error:
            return str(error)
        return f"{self._path}: holds {tables} tables" if tables else ""

    @contextmanager
    def restoring(self, *, replace: bool) -> Iterator[Writable]:
        """Take a compressed copy.

        It is examined before the database changes, and then copied over it in one transaction. A
        file that is no readable database any more is kept beside it under another name.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with _folder_beside(self._path) as folder:
            copy = folder / "copy.db"
            with copy.open("wb") as file:
                inflated = _Inflated(file)
                yield inflated
                inflated.finish()
            _examine(copy)
            if replace:
                self._set_aside_if_unreadable()
            was_there = self._path.exists()
            try:
                _copy(copy, self._path)
            except BackupError:
                if not was_there:
                    self._path.unlink(missing_ok=True)
                raise

    def rows(self) -> dict[str, int]:
        """Count the rows of each table."""
        return _count(self._path)

    @contextmanager
    def scratch(self) -> Iterator[Self]:
        """Provide an empty database, gone afterwards."""
        with _folder_beside(self._path) as folder:
            yield type(self)(folder / "scratch.db")

    def _set_aside_if_unreadable(self) -> None:
        if self._path.exists() and _is_unreadable(self._path):
            stem = f"{self._path.stem}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
            for ending in ("", "-wal", "-shm"):
                left = self._path.with_name(self._path.name + ending)
                if left.exists():
                    left.replace(self._path.with_name(stem + self._path.suffix + ending))


class _Deflated:
    """What another file holds, compressed while it is read."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._packer = zlib.compressobj(wbits=_GZIP)
        self._ready = bytearray()
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        """Return at most so many bytes; all where none is said."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            data = self._source.read(_AT_A_TIME)
            self._ready += self._packer.compress(data) if data else self._packer.flush()
            self._ended = not data
        end = len(self._ready) if size < 0 else size
        taken = bytes(self._ready[:end])
        del self._ready[:end]
        return taken


class _Inflated:
    """A file that gets what was compressed, as it was before."""

    def __init__(self, target: Writable) -> None:
        self._target = target
        self._unpacker = zlib.decompressobj(wbits=_GZIP)

    def write(self, data: bytes, /) -> int:
        """Take compressed bytes."""
        try:
            self._target.write(self._unpacker.decompress(data))
        except zlib.error as error:
            raise BackupError(f"cannot be unpacked: {error}") from None
        return len(data)

    def flush(self) -> None:
        """Hand on what was taken."""
        self._target.flush()

    def finish(self) -> None:
        """See that nothing is missing."""
        if not self._unpacker.eof:
            raise BackupError("cannot be unpacked: its end is missing")


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    for left in path.parent.glob(f"{_COPY}*"):
        if left.stat().st_mtime < time.time() - _LEFT_BEHIND_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_COPY, dir=path.parent) as folder:
        yield Path(folder)


def _patience() -> Callable[[int, int, int], None]:
    deadline = time.monotonic() + _PATIENCE_SECONDS

    def progress(status: int, _remaining: int, _total: int) -> None:
        if status in _BUSY and time.monotonic() > deadline:
            raise BackupError("the database is in use: stop the service, then try again")

    return progress


def _copy(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(source, timeout=_PATIENCE_SECONDS)) as read,
            closing(sqlite3.connect(target, timeout=_PATIENCE_SECONDS)) as written,
        ):
            read.backup(written, progress=_patience())
    except sqlite3.Error as error:
        raise BackupError(f"{source}: cannot be copied to {target}: {error}") from None


def _count(path: Path) -> dict[str, int]:
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS)) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'"
                " ESCAPE '\\' ORDER BY name"
            )
            return {name: _count_rows(connection, name) for (name,) in names.fetchall()}
    except sqlite3.Error as error:
        raise BackupError(f"{path}: is no readable SQLite database: {error}") from None


def _count_rows(connection: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    # The name is from the database itself, and quoted; parameters cannot be names.
    found: int = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]  # noqa: S608 -- quoted
    return found


def _is_unreadable(path: Path) -> bool:
    # Locked by others is not unreadable: such a database must stay where it is.
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS)) as connection:
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok")
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode in _UNREADABLE


def _examine(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS)) as connection:
            fault: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        fault = str(error)
    if fault != "ok":
        raise BackupError(f"{path.name}: is no sound SQLite database: {fault}")
