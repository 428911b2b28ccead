"""Lists in pages."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, Field

from .closed_model import ClosedModel


class PageQuery(ClosedModel):
    """Which page of a list; unknown parameters are refused, so that a misspelt one is noticed."""

    # The limits keep the offset within what a database takes.
    page: Annotated[int, Field(description="The page, from 1.", ge=1, le=10**9)] = 1
    page_size: Annotated[int, Field(description="Entries on a page.", ge=1, le=100)] = 20

    @property
    def offset(self) -> int:
        """How many entries stand before the page."""
        return (self.page - 1) * self.page_size


class Page[Entry](BaseModel):
    """One page of a list."""

    items: Annotated[Sequence[Entry], Field(description="The entries of this page.")]
    page: Annotated[int, Field(description="The page, from 1.", examples=[1])]
    page_size: Annotated[int, Field(description="Entries on a full page.", examples=[20])]
    pages: Annotated[int, Field(description="How many pages there are.", examples=[1])]
    total: Annotated[
        int, Field(description="How many entries there are on all pages.", examples=[1])
    ]

    @classmethod
    def of(cls, items: Sequence[Entry], total: int, query: PageQuery) -> Self:
        """Return the page of a query, given its entries and how many match in all."""
        return cls(
            items=items,
            page=query.page,
            page_size=query.page_size,
            pages=-(-total // query.page_size),
            total=total,
        )
