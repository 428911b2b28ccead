"""The items, as Django knows them."""

from typing import ClassVar

from django.apps import AppConfig


class ItemsConfig(AppConfig):
    """The app; its tags head its part of the document."""

    name = __package__ or ""
    label = "items"
    tags: ClassVar[dict[str, str]] = {"items": "Things that are kept in stock."}
