"""The database for commands, which run without an event loop."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ..settings import SettingsError
from .engine import create_sync_engine
from .settings import DatabaseSettings


@contextmanager
def transaction(settings: DatabaseSettings) -> Iterator[Session]:
    """Open a transaction; a failure of the database is a sentence for the operator.

    Raises:
        SettingsError: The database does not respond, or has no tables yet.
    """
    try:
        with Session(create_sync_engine(settings)) as session, session.begin():
            yield session
    except DBAPIError as error:
        raise SettingsError(f"DATABASE_URL: {error.orig}; has `make migrate` been run?") from None
