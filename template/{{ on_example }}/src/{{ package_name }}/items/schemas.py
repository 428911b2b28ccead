"""Items as clients see them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ..pagination import PageQuery

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


class ItemUpdate(BaseModel):
    """What to change; a field that is left out stays as it is, and none can be null.

    The default factories only say that a field may be missing: their values are never used.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    quantity: Quantity = Field(default_factory=int)


class ItemRead(BaseModel):
    """An item."""

    model_config = ConfigDict(from_attributes=True)

    id: Annotated[int, Field(description="Its number.", examples=[1])]
    name: Name
    description: Description
    quantity: Quantity
    created_at: Annotated[datetime, Field(description="When it was made (UTC).")]
    updated_at: Annotated[datetime, Field(description="When it was last changed (UTC).")]


class ItemQuery(PageQuery):
    """Which items to list."""

    filter: Annotated[
        str | None,
        Field(
            description="Only items with this text in their name or description, in any case.",
            max_length=120,
            pattern=r"^[^\x00]*$",
        ),
    ] = None
    sort: Annotated[
        SortKey, Field(description="What to order by; a minus sign turns the order round.")
    ] = "-created_at"
