"""Lists in pages."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import serializers

from .core.pagination import Page, PageQuery
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
    """One page of a list; a subclass defines its `items`."""

    page = serializers.IntegerField(help_text="The page, from 1.")
    page_size = serializers.IntegerField(help_text="Entries on a full page.")
    pages = serializers.IntegerField(help_text="How many pages there are.")
    total = serializers.IntegerField(help_text="How many entries there are on all pages.")


def asked(query: Mapping[str, Any]) -> PageQuery:
    """Return which page a PageQuerySerializer's values ask for."""
    return PageQuery.model_construct(page=query["page"], page_size=query["page_size"])


def page_of(matching: QuerySet[Any], query: PageQuery) -> Page[Any]:
    """Return the page of a query, for a PageSerializer."""
    return Page[Any].of(*part_of(matching, query), query)


def part_of[Row: Model](matching: QuerySet[Row], query: PageQuery) -> tuple[list[Row], int]:
    """Return the entries on the page of a query, and how many there are on all pages."""
    total = matching.count()
    end = query.offset + query.page_size
    # What lies behind the end is not asked for: the offset could be huge.
    return list(matching[query.offset : end]) if query.offset < total else [], total
