"""Lists in pages."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from .fields import ClosedSerializer

MOST_ON_A_PAGE = 100


class PageQuerySerializer(ClosedSerializer):
    """Which page of a list."""

    # The limits keep the offset within what a database takes.
    page = serializers.IntegerField(
        min_value=1, max_value=10**9, default=1, help_text="The page, from 1."
    )
    page_size = serializers.IntegerField(
        min_value=1, max_value=MOST_ON_A_PAGE, default=20, help_text="Entries on a page."
    )


class PageSerializer(serializers.Serializer[Any]):
    """One page of a list; a subclass says what its `items` are."""

    page = serializers.IntegerField(help_text="The page, from 1.")
    page_size = serializers.IntegerField(help_text="Entries on a full page.")
    pages = serializers.IntegerField(help_text="How many pages there are.")
    total = serializers.IntegerField(help_text="How many entries there are on all pages.")


def page_of(matching: QuerySet[Any], query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the page of a query, for a PageSerializer."""
    page, size, total = query["page"], query["page_size"], matching.count()
    start = (page - 1) * size
    return {
        # What lies behind the end is not asked for: the offset could be huge.
        "items": list(matching[start : start + size]) if start < total else [],
        "page": page,
        "page_size": size,
        "pages": -(-total // size),
        "total": total,
    }
