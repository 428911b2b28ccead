"""Tokens: signed access tokens, and random tokens that are stored as digests."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, Protocol
from uuid import UUID

import jwt

ALGORITHM = "HS256"
SHORTEST_KEY = 32
"""Bytes of a key at least: as many as the digest has (RFC 7518, 3.2)."""

LONGEST_TOKEN = 2048
"""Maximum characters of a token; longer ones are invalid."""

_REQUIRED = ("iss", "sub", "sid", "jti", "iat", "exp")


class Claims(NamedTuple):
    """The claims of an access token.

    Attributes:
        user_id: Whose it is.
        session_id: The login that it descends from.
        token_id: Its own identifier.
        expires_at: Until when it holds.
    """

    user_id: UUID
    session_id: UUID
    token_id: UUID
    expires_at: datetime


class AccessTokens:
    """Signs and reads access tokens (JWT, RFC 7519).

    Args:
        keys: The first signs; all of them verify, so that a key can be changed while tokens that
            the old one has signed still hold.
        issuer: Who signs.
        lifetime: For how long a token holds.
    """

    def __init__(self, keys: Sequence[str], issuer: str, lifetime: timedelta) -> None:
        self.keys = keys
        self._issuer = issuer
        self.lifetime = lifetime

    def issue(self, user_id: UUID, session_id: UUID, token_id: UUID) -> str:
        """Return a token that is valid from now on."""
        now = datetime.now(UTC)
        claims = {
            "iss": self._issuer,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": str(token_id),
            "iat": now,
            "exp": now + self.lifetime,
        }
        return jwt.encode(claims, self.keys[0], ALGORITHM)

    def read(self, token: str) -> Claims | None:
        """Return the claims of a token; None if it is invalid or expired."""
        if len(token) > LONGEST_TOKEN:
            return None
        for key in self.keys:
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[ALGORITHM],
                    issuer=self._issuer,
                    # Clocks of hosts differ by seconds: a token is not too young to be read.
                    options={"require": list(_REQUIRED), "verify_iat": False},
                )
                return Claims(
                    UUID(claims["sub"]),
                    UUID(claims["sid"]),
                    UUID(claims["jti"]),
                    datetime.fromtimestamp(claims["exp"], UTC),
                )
            except jwt.InvalidSignatureError:
                continue
            except _MALFORMED:
                return None
        return None


_MALFORMED = (jwt.PyJWTError, ValueError, TypeError, AttributeError, OverflowError)


class DenyList(Protocol):
    """Remembers the tokens that were revoked before their time.

    It stands before the database, which knows of each in any case.
    """

    async def deny(self, token_ids: Iterable[UUID], seconds: float) -> None:
        """Refuse these tokens from now on, until they expire."""

    async def denies(self, token_id: UUID) -> bool:
        """Return whether a token is known to be revoked."""


class NoDenyList:
    """Leaves it to the database."""

    async def deny(self, token_ids: Iterable[UUID], seconds: float) -> None:
        """Do nothing."""

    async def denies(self, token_id: UUID) -> bool:
        """Return False."""
        del token_id
        return False


def random_token() -> str:
    """Return a random token of 256 bits, in characters that need no escaping."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what to keep of a random token.

    It has as many bits as the digest, so that neither a salt nor a slow function would add to it.
    """
    return sha256(token.encode()).hexdigest()
