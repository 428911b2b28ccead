"""Items as clients see them."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from ..fields import Choice, ClosedSerializer, Text, WholeNumber
from ..pagination import PageQuerySerializer, PageSerializer
from .models import Item

# A name is one line that does not begin or end with a space.
_VISIBLE = r"[^\s\x00-\x1f\x7f-\x9f]"
NAME = rf"^{_VISIBLE}([^\x00-\x1f\x7f-\x9f\u2028\u2029]*{_VISIBLE})?\Z"
# Not every database's text can hold a NUL character.
NO_NUL = r"^[^\x00]*\Z"
SORT_KEYS = ("name", "-name", "quantity", "-quantity", "created_at", "-created_at")
_LARGEST = 2**31 - 1


class ItemCreateSerializer(ClosedSerializer):
    """A new item."""

    name = Text(
        pattern=NAME, max_length=120, help_text="What it is called; no two items share a name."
    )
    description = Text(
        pattern=NO_NUL, max_length=2000, allow_blank=True, default="", help_text="More about it."
    )
    quantity = WholeNumber(
        min_value=0, max_value=_LARGEST, default=0, help_text="How many are in stock."
    )


class ItemUpdateSerializer(ItemCreateSerializer):
    """What to change; a field that is left out stays as it is, and none can be null."""


class ItemReadSerializer(serializers.ModelSerializer[Item]):
    """An item."""

    example: ClassVar[dict[str, Any]] = {
        "id": 1,
        "name": "Blue bicycle",
        "description": "Three gears, a basket and a bell.",
        "quantity": 3,
        "created_at": "2027-01-15T09:30:00Z",
        "updated_at": "2027-01-16T14:05:30Z",
    }

    class Meta:
        """What is shown of it."""

        model = Item
        fields = ("id", "name", "description", "quantity", "created_at", "updated_at")
        read_only_fields = fields


class ItemPageSerializer(PageSerializer):
    """One page of items."""

    items = ItemReadSerializer(many=True, help_text="The entries of this page.")


class ItemQuerySerializer(PageQuerySerializer):
    """Which items to list."""

    filter = Text(
        pattern=NO_NUL,
        max_length=120,
        allow_blank=True,
        required=False,
        help_text="Only items with this text in their name or description, in any case.",
    )
    sort = Choice(
        choices=SORT_KEYS,
        default="-created_at",
        help_text="What to order by; a minus sign turns the order round.",
    )


def _request_example(name: str, summary: str, value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, summary=summary, value=value, request_only=True)


CREATE_EXAMPLES = [
    _request_example(
        "common",
        "An item with all that can be said of it",
        {
            "name": "Blue bicycle",
            "description": "Three gears, a basket and a bell.",
            "quantity": 3,
        },
    ),
    _request_example("minimal", "The name alone", {"name": "Red bicycle"}),
    _request_example(
        "edge",
        "Any script, several lines, and as many as can be counted",
        {
            "name": "自転車 № 7, 100 % «vélo»",
            "description": "Two lines:\nthe second one.",
            "quantity": _LARGEST,
        },
    ),
]
UPDATE_EXAMPLES = [
    _request_example("common", "One more came in", {"quantity": 4}),
    _request_example("minimal", "Nothing: the item stays as it is", {}),
    _request_example(
        "edge",
        "All of it, with the description taken away",
        {"name": "Green bicycle", "description": "", "quantity": 0},
    ),
]
