"""What clients send: the fields that are documented, and no others."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

MOST_FIELDS = 100
"""How many fields are looked at; a body of 1 MiB can have 70,000, each an error of its own."""


class ClosedModel(BaseModel):
    """A body or a query that refuses unknown fields, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def refuse_very_many_fields(cls, data: Any) -> Any:
        """Return the data as it is.

        Raises:
            ValueError: It has more fields than anyone needs.
        """
        if isinstance(data, Mapping) and len(data) > MOST_FIELDS:
            raise ValueError(f"There are more than {MOST_FIELDS} fields.")
        return data
