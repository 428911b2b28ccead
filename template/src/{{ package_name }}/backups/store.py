"""A folder of backups: each a file of its own and, beside it, a manifest that says what it holds.

A backup counts once its manifest is there, which is written last.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from pydantic import BaseModel, ValidationError

from .errors import BackupError

_MANIFEST = ".json"
_PART = ".part"
_UNFINISHED_SECONDS = 24 * 60 * 60


class Manifest(BaseModel):
    """What is known of a backup.

    Attributes:
        created_at: When it was begun, which is the moment that it shows.
        database: What kind of database it is of, as its source says.
        encrypted: Whether it needs the private key.
        size: Its bytes.
        sha256: Their checksum, in hexadecimal digits.
        rows: How many rows each table had.
    """

    created_at: datetime
    database: str
    encrypted: bool
    size: int
    sha256: str
    rows: dict[str, int]


@dataclass(frozen=True)
class Backup:
    """A backup that was finished."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.name

    def check(self) -> None:
        """Compare the file with its manifest.

        Raises:
            BackupError: It is missing, cut off, or altered.
        """
        if not self.path.is_file():
            raise BackupError(f"{self.name}: the file is missing; only its manifest is there")
        size = self.path.stat().st_size
        if size != self.manifest.size:
            raise BackupError(
                f"{self.name}: is damaged: it has {size} bytes and had {self.manifest.size}"
            )
        with self.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.manifest.sha256:
            raise BackupError(f"{self.name}: is damaged: its checksum is not the manifest's")

    def remove(self) -> None:
        """Remove it; the manifest first, so that half of it never counts."""
        _manifest_path(self.path).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


@dataclass
class Draft:
    """A backup that is being written.

    Attributes:
        rows: How many rows each table has; to be given before it is finished.
    """

    _file: BinaryIO
    rows: dict[str, int] = field(default_factory=dict)
    size: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """The checksum of what was written so far."""
        digest: str = self._digest.hexdigest()
        return digest

    def write(self, data: bytes) -> int:
        """Append bytes."""
        self._digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()


class Store:
    """The backups of a service in a folder.

    Args:
        folder: Where they are; it is made for its owner alone when the first is written.
        prefix: What their names begin with. Files with other names are never touched.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder = folder
        self._prefix = prefix
        # Releases before 0.7.0 left out the microseconds.
        self._own = re.compile(re.escape(prefix) + r"-\d{8}T\d{6}([.]\d{6})?Z[.][a-z.]+")

    def all(self) -> list[Backup]:
        """Return the finished backups, the oldest first, but those whose manifest is damaged."""
        return [found for found in self._found() if isinstance(found, Backup)]

    def faults(self) -> list[str]:
        """Return what is wrong with manifests, a line for each that is damaged."""
        return [str(found) for found in self._found() if isinstance(found, BackupError)]

    def find(self, name: str | None) -> Backup:
        """Return the backup of this name, or the newest.

        Raises:
            BackupError: There is none, or its manifest is missing or damaged.
        """
        if name is not None:
            path = Path(name) if "/" in name else self._folder / name
            return _read(path)
        # Names begin with the moment, so that the newest comes last.
        newest = max((p for p in self._files() if p.suffix == _MANIFEST), default=None)
        if newest is None:
            raise BackupError(f"{self._folder}: there is no backup")
        return _read(newest.with_suffix(""))

    @contextmanager
    def writing(
        self, suffix: str, *, database: str, encrypted: bool, now: datetime
    ) -> Iterator[tuple[Path, Draft]]:
        """Provide a draft, which becomes a backup unless an exception ends it.

        Raises:
            BackupError: Another was begun at the same moment.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{self._prefix}-{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}{suffix}"
        part = path.with_name(path.name + _PART)
        if path.exists():
            raise BackupError(f"{path.name}: another backup was made at this moment")
        try:
            opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise BackupError(f"{part.name}: another backup was begun at this moment") from None
        begun = part
        try:
            with os.fdopen(opened, "wb") as file:
                draft = Draft(file)
                yield path, draft
                _reach_the_disk(file)
            manifest = Manifest(
                created_at=now.astimezone(UTC).replace(microsecond=0),
                database=database,
                encrypted=encrypted,
                size=draft.size,
                sha256=draft.sha256,
                rows=draft.rows,
            )
            begun = part.replace(path)
            _write(_manifest_path(path), manifest.model_dump_json(indent=2) + "\n")
        except BaseException as error:
            # On a disk that is full, what does not count must not stay.
            begun.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(path)  # a write that fails does not say where
            raise

    def prune(self, now: datetime, *, days: int, at_least: int) -> list[str]:
        """Remove backups that are older than so many days, but never the newest ones.

        Parts that runs which were killed have left behind go, too, after a day. A file without its
        manifest stays: it may be a copy that was fetched before its manifest. One whose manifest is
        damaged stays, for somebody to look at, and is none of those that are kept.

        Args:
            now: The time.
            days: How long a backup is kept.
            at_least: How many are kept however old they are.

        Returns:
            The names of the backups that were removed.
        """
        backups = self.all()
        old = [
            backup
            for backup in backups[: max(0, len(backups) - at_least)]
            if backup.manifest.created_at < now - timedelta(days=days)
        ]
        for backup in old:
            backup.remove()
        for path in self._files():
            unfinished = path.suffix == _PART
            if unfinished and path.stat().st_mtime < time.time() - _UNFINISHED_SECONDS:
                path.unlink()
        return [backup.name for backup in old]

    def _found(self) -> Iterator[Backup | BackupError]:
        for path in self._files():
            if path.suffix == _MANIFEST:
                try:
                    yield _read(path.with_suffix(""))
                except BackupError as error:
                    yield error

    def _files(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(p for p in self._folder.iterdir() if self._own.fullmatch(p.name))


def _manifest_path(path: Path) -> Path:
    return path.with_name(path.name + _MANIFEST)


def _read(path: Path) -> Backup:
    manifest = _manifest_path(path)
    try:
        return Backup(path, Manifest.model_validate_json(manifest.read_bytes()))
    except FileNotFoundError:
        raise BackupError(f"{path.name}: there is no such backup, or it was not finished") from None
    except ValidationError:
        raise BackupError(f"{manifest.name}: is damaged") from None


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + _PART)
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(text)
            _reach_the_disk(file)
    except OSError:
        part.unlink()
        raise
    part.replace(path)
    with suppress(OSError):  # not every file system lets a folder be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _reach_the_disk(file: BinaryIO | TextIO) -> None:
    file.flush()
    os.fsync(file.fileno())
