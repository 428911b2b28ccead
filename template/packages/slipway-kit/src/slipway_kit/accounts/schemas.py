"""What clients send and get where accounts are concerned."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ..closed_model import ClosedModel
from ..pagination import Page
from .fields import Email, NewPassword, Password, PersonName, other_than_email

_PASSWORD = "correct horse battery staple"  # noqa: S105 -- an example
_TOKEN = "the-token-that-was-handed-out"  # noqa: S105 -- an example

RandomToken = Annotated[
    str,
    Field(min_length=1, max_length=128, pattern="^[A-Za-z0-9_-]+$", examples=[_TOKEN]),
]


class Registration(ClosedModel):
    """A new account."""

    email: Email
    password: NewPassword
    name: PersonName = ""

    _check = field_validator("password")(other_than_email)


REGISTRATION_EXAMPLES: dict[str, Any] = {
    "common": {
        "summary": "Someone with a name",
        "value": {"email": "ann@example.com", "password": _PASSWORD, "name": "Ann"},
    },
    "minimal": {
        "summary": "Without a name",
        "value": {"email": "bob@example.com", "password": _PASSWORD},
    },
    "edge": {
        "summary": "Any script, and any character in a password",
        "value": {
            "email": "carol+shop@mail.example.com",
            "password": "pässwörter dürfen lang sein ✓",
            "name": "Carol Öztürk 田中",
        },
    },
}


class Login(ClosedModel):
    """Who wants to log in."""

    email: Email
    password: Password


LOGIN_EXAMPLES: dict[str, Any] = {
    "common": {
        "summary": "An email and its password",
        "value": {"email": "ann@example.com", "password": _PASSWORD},
    },
    "case": {
        "summary": "The case of an email does not matter",
        "value": {"email": "Ann@Example.com", "password": _PASSWORD},
    },
    "edge": {
        "summary": "Any character in a password",
        "value": {
            "email": "carol+shop@mail.example.com",
            "password": "pässwörter dürfen lang sein ✓",
        },
    },
}


class PasswordForm(BaseModel):
    """The same, as the form of OAuth 2.0 (RFC 6749, section 4.3.2)."""

    # Other fields of that form, like a scope, are ignored.
    grant_type: Annotated[Literal["password"], Field(description="The kind of the form.")] = (
        "password"
    )
    username: Email
    password: Password


class TokenPair(BaseModel):
    """The tokens of a session (RFC 6749, section 5.1)."""

    model_config = ConfigDict(from_attributes=True)

    access_token: Annotated[
        str,
        Field(
            description="What to send as Authorization: Bearer.",
            examples=["header.claims.signature"],
        ),
    ]
    token_type: Annotated[Literal["bearer"], Field(description="How to send it.")] = "bearer"  # noqa: S105 -- a kind, no token
    expires_in: Annotated[
        int, Field(description="Seconds for which the access token is valid.", examples=[900])
    ]
    refresh_token: Annotated[
        RandomToken, Field(description="Exchanges for the next pair; can be used once.")
    ]
    refresh_expires_in: Annotated[
        int,
        Field(description="Seconds for which the session can be refreshed.", examples=[2592000]),
    ]


class Refresh(ClosedModel):
    """What goes on with a session."""

    refresh_token: Annotated[
        RandomToken, Field(description="The newest refresh token of the session.")
    ]


REFRESH_EXAMPLES: dict[str, Any] = {
    "common": {"summary": "The token of the last pair", "value": {"refresh_token": _TOKEN}},
    "used": {
        "summary": "A token that was used before revokes its session (401)",
        "value": {"refresh_token": "a-token-that-was-used-once-before"},
    },
    "unknown": {
        "summary": "An unknown token (401)",
        "value": {"refresh_token": "not-one-of-ours"},
    },
}


class LogoutQuery(ClosedModel):
    """Which sessions to end."""

    all: Annotated[
        bool, Field(description="Revoke all sessions of the user, not only this one.")
    ] = False


class SessionRead(BaseModel):
    """A login that can still be refreshed."""

    id: Annotated[UUID, Field(description="Its identifier.")]
    created_at: Annotated[
        datetime, Field(description="When it was opened (UTC).", examples=["2027-01-15T09:30:00Z"])
    ]
    expires_at: Annotated[
        datetime, Field(description="When it expires (UTC).", examples=["2027-02-14T09:30:00Z"])
    ]
    client: Annotated[
        str,
        Field(
            description="The IP address, or IPv6 network, of the login; empty if unknown.",
            examples=["192.0.2.7"],
        ),
    ]
    user_agent: Annotated[
        str,
        Field(description="The User-Agent of the login; empty if unknown.", examples=["curl/8.9"]),
    ]
    current: Annotated[bool, Field(description="Whether this request belongs to it.")]

    @classmethod
    def of(cls, session: Any, current: UUID) -> Self:
        """Return a session as it is shown to the user of a current one."""
        return cls(
            id=session.id,
            created_at=session.created_at,
            expires_at=session.expires_at,
            client=session.client,
            user_agent=session.user_agent,
            current=session.id == current,
        )


class SessionPage(Page[SessionRead]):
    """One page of sessions."""


class Mailing(ClosedModel):
    """Whom to write to."""

    email: Email


MAILING_EXAMPLES: dict[str, Any] = {
    "common": {"summary": "An address", "value": {"email": "ann@example.com"}},
    "unknown": {
        "summary": "An email without an account gets the same response, and no mail",
        "value": {"email": "nobody@example.com"},
    },
    "case": {"summary": "Capitals do not matter", "value": {"email": "Ann@Example.com"}},
}


class Verification(ClosedModel):
    """What shows that an address is the account's."""

    token: Annotated[RandomToken, Field(description="The token of the email.")]


VERIFICATION_EXAMPLES: dict[str, Any] = {
    "common": {"summary": "The token of the email", "value": {"token": _TOKEN}},
    "used": {
        "summary": "A token that was used before (400)",
        "value": {"token": "a-token-that-was-used-once-before"},
    },
    "unknown": {"summary": "An unknown token (400)", "value": {"token": "not-one-of-ours"}},
}


class PasswordReset(ClosedModel):
    """Another password, for one that was forgotten."""

    token: Annotated[RandomToken, Field(description="The token of the email.")]
    password: NewPassword


RESET_EXAMPLES: dict[str, Any] = {
    "common": {
        "summary": "The token of the email, and a new password",
        "value": {"token": _TOKEN, "password": _PASSWORD},
    },
    "used": {
        "summary": "A token that was used before (400)",
        "value": {
            "token": "a-token-that-was-used-once-before",
            "password": _PASSWORD,
        },
    },
    "edge": {
        "summary": "Any character in a password",
        "value": {"token": _TOKEN, "password": "pässwörter dürfen lang sein ✓"},
    },
}


class PasswordChange(ClosedModel):
    """Another password, for one that is known."""

    current_password: Password
    new_password: NewPassword


CHANGE_EXAMPLES: dict[str, Any] = {
    "common": {
        "summary": "The current password and the new one",
        "value": {"current_password": _PASSWORD, "new_password": "a longer one than before"},
    },
    "wrong": {
        "summary": "A wrong current password (403)",
        "value": {"current_password": "wrong", "new_password": "a longer one than before"},
    },
    "edge": {
        "summary": "Any character in a password",
        "value": {"current_password": _PASSWORD, "new_password": "pässwörter dürfen lang sein ✓"},
    },
}


class Accepted(BaseModel):
    """The same response for every email."""

    detail: Annotated[
        str,
        Field(
            description="What happens now, for people.",
            examples=["If the address has an account that needs it, an email was sent."],
        ),
    ]
