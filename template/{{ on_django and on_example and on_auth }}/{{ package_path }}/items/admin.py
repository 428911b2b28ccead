"""Items on the admin site."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest

from ..handler import wait_for
from ..state import state_of
from .models import Item
from .views import CACHE


@admin.register(Item)
class ItemAdmin(ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Looks for items, and changes them; the cache forgets what it kept of them."""

    list_display = ("name", "owner", "quantity", "created_at")
    search_fields = ("name", "description")
    autocomplete_fields = ("owner",)
    ordering = ("-id",)
    # One at a time, so that the cache hears of each.
    actions = None

    def save_model(self, request: HttpRequest, obj: Item, form: Any, change: Any) -> None:
        """Keep an item."""
        super().save_model(request, obj, form, change)
        _forget(request, obj.pk)

    def delete_model(self, request: HttpRequest, obj: Item) -> None:
        """Remove an item."""
        number = obj.pk
        super().delete_model(request, obj)
        _forget(request, number)


def _forget(request: HttpRequest, number: int) -> None:
    wait_for(state_of(request)["cache"].forget(CACHE, number))
