"""Counts the items that are created: an example of a number of your own."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from prometheus_client import Counter

from .models import Item

ITEMS_CREATED = Counter("items_created_total", "Items created and committed.")


def count_created(*, created: bool, **_: Any) -> None:
    """Count an item when its transaction is committed, and none that is rolled back."""
    if created:
        transaction.on_commit(ITEMS_CREATED.inc)


def connect() -> None:
    """Have each new item counted."""
    post_save.connect(count_created, sender=Item, dispatch_uid=__name__)
