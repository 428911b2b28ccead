"""Counts the items that are created: an example of a number of your own."""

from prometheus_client import Counter
from sqlalchemy import event
from sqlalchemy.orm import Session, UOWTransaction, sessionmaker

from slipway_kit.sqlalchemy.engine import Database

from .models import Item

ITEMS_CREATED = Counter("items_created_total", "Items created and committed.")

_CREATED = "created_items"


def count_created(database: Database) -> None:
    """Count each item when its transaction is committed, and none that is rolled back."""
    # Events are those of the plain sessions below; these are of this service's own.
    plain = sessionmaker()
    database.sessions.configure(sync_session_class=plain)

    @event.listens_for(plain, "after_flush")
    def remember(session: Session, _: UOWTransaction) -> None:
        created = {each for each in session.new if isinstance(each, Item)}
        session.info.setdefault(_CREATED, set()).update(created)

    @event.listens_for(plain, "after_commit")
    def count(session: Session) -> None:
        if session.in_nested_transaction():
            return  # a savepoint's end commits nothing yet
        for item in session.info.pop(_CREATED, ()):
            if item in session:  # and was not taken back with a savepoint
                ITEMS_CREATED.inc()
