"""Counts the items that are created: an example of a number of your own."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_save

from ..core.metrics import Metrics
from ..db.engine import Database
from .models import Item


def count_created(database: Database, metrics: Metrics) -> None:
    """Count each item when its transaction is committed, and none that is rolled back."""

    def count(*, created: bool, **_: Any) -> None:
        if created:
            transaction.on_commit(metrics.item_created)

    post_save.connect(count, sender=Item, weak=False)
    database.at_close(lambda: post_save.disconnect(count, sender=Item))
