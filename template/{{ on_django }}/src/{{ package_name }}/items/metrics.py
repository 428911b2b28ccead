"""Counts the items that are created: an example of a number of your own."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from prometheus_client import Counter

from ..db.engine import Database
from .models import Item

ITEMS_CREATED = Counter("items_created_total", "Items created and committed.")


def count_created(database: Database) -> None:
    """Count each item when its transaction is committed, and none that is rolled back."""

    def count(*, created: bool, **_: Any) -> None:
        if created:
            transaction.on_commit(ITEMS_CREATED.inc)

    post_save.connect(count, sender=Item, weak=False)
    database.at_close(lambda: post_save.disconnect(count, sender=Item))
