"""What backups need of a database, whichever it is."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, Self

from .encryption import Readable, Writable


@dataclass(frozen=True)
class Dump:
    """A database as it was at one moment.

    Attributes:
        stream: Its contents.
        rows: How many rows each table had then.
    """

    stream: Readable
    rows: Mapping[str, int]


class Source(Protocol):
    """A database.

    Attributes:
        kind: Its name in manifests.
        suffix: What the name of a dump ends in.
    """

    kind: str
    suffix: str

    def dumped(self) -> AbstractContextManager[Dump]:
        """Provide its contents, to be read to their end; who writes to it does not wait.

        Raises:
            BackupError: It cannot be read.
        """

    def contents(self) -> str:
        """Say in a few words what a restore would find in it; nothing where it is empty."""

    def restoring(self, *, replace: bool) -> AbstractContextManager[Writable]:
        """Take a dump. It counts when it was taken whole; else the database is as it was before.

        Args:
            replace: Remove what is there.

        Raises:
            BackupError: The dump cannot be used.
        """

    def rows(self) -> dict[str, int]:
        """Count the rows of each table."""

    def scratch(self) -> AbstractContextManager[Self]:
        """Provide an empty database like this one, gone afterwards."""
