"""Users as clients see them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from slipway_kit.accounts.fields import Email, NewPassword, Password, PersonName, other_than_email
from slipway_kit.closed_model import ClosedModel
from slipway_kit.pagination import Page, PageQuery

from .roles import Role

SortKey = Literal["email", "-email", "name", "-name", "created_at", "-created_at"]


class UserRead(BaseModel):
    """A user."""

    model_config = ConfigDict(from_attributes=True)

    id: Annotated[UUID, Field(description="Its identifier.")]
    email: Email
    name: PersonName
    role: Annotated[Role, Field(description="What the user may do.", examples=[Role.USER])]
    verified: Annotated[
        bool, Field(description="Whether the address was verified.", examples=[True])
    ]
    created_at: Annotated[
        datetime, Field(description="When it was made (UTC).", examples=["2027-01-15T09:30:00Z"])
    ]
    updated_at: Annotated[
        datetime,
        Field(description="When it was last changed (UTC).", examples=["2027-01-16T14:05:30Z"]),
    ]
    deleted_at: Annotated[
        datetime | None,
        Field(description="When it was deleted (UTC); null for a user who is there."),
    ]


class UserPage(Page[UserRead]):
    """One page of users."""


class UserQuery(PageQuery):
    """Which users to list."""

    filter: Annotated[
        str | None,
        Field(
            description="Only users with this text in their address or name, in any case.",
            max_length=120,
            pattern=r"^[^\x00]*$",
            examples=["ann"],
        ),
    ] = None
    role: Annotated[Role | None, Field(description="Only users with this role.")] = None
    deleted: Annotated[
        Literal["no", "yes", "also"],
        Field(description="Users who are there, those who were deleted, or both."),
    ] = "no"
    sort: Annotated[
        SortKey, Field(description="What to order by; a minus sign turns the order round.")
    ] = "-created_at"


class UserCreate(ClosedModel):
    """A new user, whose address counts as verified."""

    email: Email
    name: PersonName = ""
    role: Annotated[Role, Field(description="What the user may do.")] = Role.USER
    password: Annotated[
        NewPassword | None, Field(description="The password; without one, a mail asks for it.")
    ] = None

    _check = field_validator("password")(other_than_email)


CREATE_EXAMPLES: dict[str, Any] = {
    "common": {
        "summary": "A user who is asked by mail for a password",
        "value": {"email": "ann@example.com", "name": "Ann"},
    },
    "minimal": {"summary": "The address alone", "value": {"email": "bob@example.com"}},
    "edge": {
        "summary": "Another administrator, with a first password",
        "value": {
            "email": "carol+admin@mail.example.com",
            "name": "Carol Example-Öztürk",
            "role": "admin",
            "password": "correct horse battery staple",
        },
    },
}


class UserUpdate(ClosedModel):
    """What to change; a field that is left out stays as it is.

    The default factories only say that a field may be missing: their values are never used.
    """

    email: Email = Field(default_factory=str)
    name: PersonName = Field(default_factory=str)
    current_password: Annotated[
        Password | None,
        Field(description="The caller's own password, needed to change one's own address."),
    ] = None


UPDATE_EXAMPLES: dict[str, Any] = {
    "common": {"summary": "Another name", "value": {"name": "Ann Example"}},
    "minimal": {"summary": "Nothing: the user stays as it is", "value": {}},
    "edge": {
        "summary": "Another address of one's own, to be verified again",
        "value": {
            "email": "ann@mail.example.com",
            "current_password": "correct horse battery staple",
        },
    },
}


class RoleChange(ClosedModel):
    """Another role."""

    role: Annotated[Role, Field(description="What the user may do from now on.")]


ROLE_EXAMPLES: dict[str, Any] = {
    "promote": {"summary": "Make an administrator", "value": {"role": "admin"}},
    "demote": {"summary": "Make a user again", "value": {"role": "user"}},
    "repeat": {"summary": "The same role as before changes nothing", "value": {"role": "user"}},
}
