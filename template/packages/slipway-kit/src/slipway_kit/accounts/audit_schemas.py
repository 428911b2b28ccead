"""The audit trail as administrators see it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from ..pagination import Page, PageQuery
from .events import Event

_USER = "3f2b8c1e-5d47-4a86-9c0f-7e1d2b6a4c58"


def _written_out(value: object) -> object:
    if isinstance(value, str) and value.lstrip("+-").replace(".", "").isdecimal():
        raise ValueError("must be a time like 2027-01-15T00:00:00Z")  # and not seconds since 1970
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class AuditRead(BaseModel):
    """What happened to an account."""

    model_config = ConfigDict(from_attributes=True)

    id: Annotated[int, Field(description="Its number; a later entry has a higher one.")]
    happened_at: Annotated[
        datetime, Field(description="When (UTC).", examples=["2027-01-15T09:30:00Z"])
    ]
    event: Annotated[str, Field(description="What happened.", examples=[Event.ROLE_CHANGED.value])]
    actor_id: Annotated[
        UUID | None,
        Field(
            description="The user who did it; null if unknown, or for a command.", examples=[_USER]
        ),
    ]
    subject_id: Annotated[
        UUID | None, Field(description="Whose account; null for no account.", examples=[_USER])
    ]
    correlation_id: Annotated[
        str,
        Field(
            description="The request's identifier, as in the log; empty for a command.",
            examples=["6f1c1c0e-6b0e-4b7e-9a51-2f4d3c8a9b10"],
        ),
    ]
    details: Annotated[
        dict[str, Any],
        Field(description="What else is to be known.", examples=[{"from": "user", "to": "admin"}]),
    ]


class AuditPage(Page[AuditRead]):
    """One page of the audit trail."""


class AuditQuery(PageQuery):
    """Which entries to list."""

    event: Annotated[Event | None, Field(description="Only those of this kind.")] = None
    actor_id: Annotated[UUID | None, Field(description="Only what this user did.")] = None
    subject_id: Annotated[
        UUID | None, Field(description="Only what was done to this user's account.")
    ] = None
    correlation_id: Annotated[
        str | None,
        Field(
            description="Only what this request caused.",
            pattern="^[A-Za-z0-9._-]{1,128}$",
            examples=["6f1c1c0e-6b0e-4b7e-9a51-2f4d3c8a9b10"],
        ),
    ] = None
    since: Annotated[
        Moment | None,
        Field(description="Only from this moment on.", examples=["2027-01-15T00:00:00Z"]),
    ] = None
    until: Annotated[
        Moment | None,
        Field(description="Only before this moment.", examples=["2027-01-16T00:00:00Z"]),
    ] = None
