"""What can be done with items."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from ..core.problems import ConflictError, NotFoundError
from .models import Item


class ItemNotFoundError(NotFoundError):
    """There is no item with this number."""

    code = "ITEM_NOT_FOUND"
    detail = "There is no item with this number."


class ItemNameTakenError(ConflictError):
    """Another item has this name."""

    code = "ITEM_NAME_TAKEN"
    detail = "Another item has this name. Choose a different one."


def create_item(values: Mapping[str, Any]) -> Item:
    """Add an item.

    Raises:
        ItemNameTakenError: Another item has this name.
    """
    # The database decides, not a look before the write: two requests may write the same name.
    try:
        with transaction.atomic():
            return Item.objects.create(**values)
    except IntegrityError as error:
        raise ItemNameTakenError from error


def matching_items(text: str, sort: str) -> QuerySet[Item]:
    """Return the items with a text in their name or description, in order."""
    found = Item.objects.all()
    if text:
        found = found.filter(Q(name__icontains=text) | Q(description__icontains=text))
    # The number decides between equals, so that no item is on two pages.
    return found.order_by(sort, "-pk" if sort.startswith("-") else "pk")


def read_item(item_id: int) -> Item:
    """Return an item.

    Raises:
        ItemNotFoundError: There is none with this number.
    """
    try:
        return Item.objects.get(pk=item_id)
    except Item.DoesNotExist:
        raise ItemNotFoundError from None


def update_item(item_id: int, values: Mapping[str, Any]) -> Item:
    """Change the given fields of an item.

    Raises:
        ItemNotFoundError: There is none with this number.
        ItemNameTakenError: Another item has this name.
    """
    try:
        with transaction.atomic():
            item = read_item(item_id)
            if values:
                for name, value in values.items():
                    setattr(item, name, value)
                item.save(update_fields=[*values, "updated_at"])
            return item
    except IntegrityError as error:
        raise ItemNameTakenError from error
    except Item.NotUpdated as error:  # deleted by another request since it was read
        raise ItemNotFoundError from error


def delete_item(item_id: int) -> None:
    """Remove an item.

    Raises:
        ItemNotFoundError: There is none with this number.
    """
    deleted, _ = Item.objects.filter(pk=item_id).delete()
    if not deleted:
        raise ItemNotFoundError
