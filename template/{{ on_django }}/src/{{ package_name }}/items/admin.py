"""Items on the admin site."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest

from .models import Item


class OwnerSelect(AutocompleteSelect):
    """Selects a user. Django's own raises for an invalid key, before the form validates it."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        """Return the selected user; none for an invalid key."""
        try:
            return super().optgroups(name, value, attr)
        except ValidationError:
            return super().optgroups(name, [], attr)


@admin.register(Item)
class ItemAdmin(ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Searches and changes items."""

    list_display = ("name", "owner", "quantity", "created_at")
    search_fields = ("name", "description")
    autocomplete_fields = ("owner",)
    ordering = ("-id",)

    def formfield_for_foreignkey(
        self,
        db_field: models.ForeignKey[Any, Any],
        request: HttpRequest,
        **options: Any,
    ) -> Any:
        """Return the field of the owner."""
        options["widget"] = OwnerSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **options)
