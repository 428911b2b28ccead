"""Which items to list, and in what order."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters.rest_framework import CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema_field

from .models import Item

LONGEST_TEXT = 120
SORT_KEYS = ("", "name", "-name", "quantity", "-quantity", "created_at", "-created_at")
# What clients are told; Django's forms, which validate a query, tell nothing of their rules.
_FILTER: dict[str, Any] = {
    "type": "string",
    "maxLength": LONGEST_TEXT,
    "pattern": r"^[^\u0000]*$",
    "description": "Only items with this text in their name or description, in any case.",
}
_SORT: dict[str, Any] = {
    "type": "string",
    "enum": SORT_KEYS,
    "default": "-created_at",
    "description": "What to order by; a minus sign turns the order round.",
}


class ItemFilter(FilterSet):
    """The query of a list of items."""

    filter = CharFilter(method="filter_by_text", max_length=LONGEST_TEXT, strip=False)
    sort = ChoiceFilter(
        method="sort_by",
        choices=[(key, key) for key in SORT_KEYS],
        # Django's own message repeats the input.
        error_messages={"invalid_choice": "Is none of the values that it can have."},
    )

    @extend_schema_field(_FILTER)
    def filter_by_text(self, items: QuerySet[Item], _: str, value: str) -> QuerySet[Item]:
        """Return those with a text in their name or description."""
        return items.filter(Q(name__icontains=value) | Q(description__icontains=value))

    @extend_schema_field(_SORT)
    def sort_by(self, items: QuerySet[Item], _: str, value: str) -> QuerySet[Item]:
        """Return them in order; the number decides between equals: no item is on two pages."""
        return items.order_by(value, "-pk" if value.startswith("-") else "pk")
