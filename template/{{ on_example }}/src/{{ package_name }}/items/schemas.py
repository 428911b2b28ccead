"""Items as clients see them."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi.openapi.models import Example
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ..pagination import Page, PageQuery

# A name is one line that does not begin or end with a space.
_VISIBLE = r"[^\s\x00-\x1f\x7f-\x9f]"
_NAME = rf"^{_VISIBLE}([^\x00-\x1f\x7f-\x9f\u2028\u2029]*{_VISIBLE})?$"
Name = Annotated[
    str,
    Field(
        description="What it is called; no two items share a name.",
        min_length=1,
        max_length=120,
        pattern=_NAME,
        examples=["Blue bicycle"],
    ),
]
# Not every database's text can hold a NUL character.
Description = Annotated[
    str,
    Field(
        description="More about it.",
        max_length=2000,
        pattern=r"^[^\x00]*$",
        examples=["Three gears, a basket and a bell."],
    ),
]


def _whole(value: object) -> object:
    # JSON Schema counts 3.0 among the integers; strictness is meant for "3" and true.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Quantity = Annotated[
    int,
    Field(description="How many are in stock.", strict=True, ge=0, le=2**31 - 1, examples=[3]),
    BeforeValidator(_whole),
]
SortKey = Literal["name", "-name", "quantity", "-quantity", "created_at", "-created_at"]


class ItemCreate(BaseModel):
    """A new item."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Description = ""
    quantity: Quantity = 0


CREATE_EXAMPLES: dict[str, Example] = {
    "common": {
        "summary": "An item with all that can be said of it",
        "value": {
            "name": "Blue bicycle",
            "description": "Three gears, a basket and a bell.",
            "quantity": 3,
        },
    },
    "minimal": {"summary": "The name alone", "value": {"name": "Red bicycle"}},
    "edge": {
        "summary": "Any script, several lines, and as many as can be counted",
        "value": {
            "name": "自転車 № 7, 100 % «vélo»",
            "description": "Two lines:\nthe second one.",
            "quantity": 2**31 - 1,
        },
    },
}


class ItemUpdate(BaseModel):
    """What to change; a field that is left out stays as it is, and none can be null.

    The default factories only say that a field may be missing: their values are never used.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    quantity: Quantity = Field(default_factory=int)


UPDATE_EXAMPLES: dict[str, Example] = {
    "common": {"summary": "One more came in", "value": {"quantity": 4}},
    "minimal": {"summary": "Nothing: the item stays as it is", "value": {}},
    "edge": {
        "summary": "All of it, with the description taken away",
        "value": {"name": "Green bicycle", "description": "", "quantity": 0},
    },
}


class ItemRead(BaseModel):
    """An item."""

    model_config = ConfigDict(from_attributes=True)

    id: Annotated[int, Field(description="Its number.", examples=[1])]
    name: Name
    description: Description
    quantity: Quantity
    created_at: Annotated[
        datetime, Field(description="When it was made (UTC).", examples=["2027-01-15T09:30:00Z"])
    ]
    updated_at: Annotated[
        datetime,
        Field(description="When it was last changed (UTC).", examples=["2027-01-16T14:05:30Z"]),
    ]


class ItemPage(Page[ItemRead]):
    """One page of items."""


class ItemQuery(PageQuery):
    """Which items to list."""

    filter: Annotated[
        str | None,
        Field(
            description="Only items with this text in their name or description, in any case.",
            max_length=120,
            pattern=r"^[^\x00]*$",
            examples=["bicycle"],
        ),
    ] = None
    sort: Annotated[
        SortKey, Field(description="What to order by; a minus sign turns the order round.")
    ] = "-created_at"
