"""Django's command, which waits for one that migrates the same database already."""

import time
from typing import Any

from django.core.management.commands import migrate
from django.db import connections

_LOCK = 7305808869231650
"""A number that means nothing; it is to be the same in each version."""


class Command(migrate.Command):
    """Migrates; on PostgreSQL one after the other."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate while no other does; a lost connection releases the lock."""
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        with connection.cursor() as cursor:
            # It asks again and again: a statement that waits would block indexes that are made
            # concurrently.
            while not _takes_lock(cursor):
                time.sleep(0.5)
            super().handle(*args, **options)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _takes_lock(cursor: Any) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
    return bool(cursor.fetchone()[0])
