"""Cached items: each write of an item invalidates it, wherever it comes from."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from slipway_kit.django.resources import resources, wait_for

from .models import Item

CACHE = "items"


def invalidate(*, instance: Item, created: bool = False, **_: Any) -> None:
    """Invalidate an item when its transaction is committed; a new one was in no cache.

    `QuerySet.update` and `bulk_update` send no signal: call this for each item after them.
    """
    if created:
        return
    number = instance.pk
    transaction.on_commit(lambda: wait_for(resources()["cache"].forget(CACHE, number)))


def connect() -> None:
    """Have each write of an item seen."""
    for signal in (post_save, post_delete):
        signal.connect(invalidate, sender=Item, dispatch_uid=__name__)
