"""The claims of access tokens as clients see them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from ..users.roles import Role


class TokenReport(BaseModel):
    """The claims of a valid access token."""

    user_id: Annotated[UUID, Field(description="Whose it is.")]
    session_id: Annotated[UUID, Field(description="The login that it descends from.")]
    role: Annotated[Role, Field(description="What the user may do.", examples=[Role.USER])]
    expires_at: Annotated[
        datetime, Field(description="When it expires (UTC).", examples=["2027-01-15T09:45:00Z"])
    ]
