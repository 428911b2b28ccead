"""Tokens that are mailed: of a single use, for a short time, and the newest one only."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from ..core.tokens import digest, random_token
from ..db.models import now
from .errors import InvalidMailedTokenError
from .models import MailedToken, Purpose


async def new_token(
    session: AsyncSession, user_id: UUID, purpose: Purpose, lifetime: timedelta
) -> str:
    """Return a token to mail; what was mailed for this purpose before holds no longer."""
    await drop_tokens(session, user_id, purpose)
    token = random_token()
    session.add(
        MailedToken(
            user_id=user_id, purpose=purpose, digest=digest(token), expires_at=now() + lifetime
        )
    )
    return token


async def use_token(session: AsyncSession, token: str, purpose: Purpose) -> UUID:
    """Return whose token it is; it holds no longer.

    Raises:
        InvalidMailedTokenError: It was used, has ended, or never was.
    """
    # One statement: of two that come at the same time, one finds it.
    user_id: UUID | None = await session.scalar(
        delete(MailedToken)
        .where(
            MailedToken.digest == digest(token),
            MailedToken.purpose == purpose,
            MailedToken.expires_at > now(),
        )
        .returning(MailedToken.user_id)
    )
    if user_id is None:
        raise InvalidMailedTokenError
    return user_id


async def drop_tokens(session: AsyncSession, user_id: UUID, *purposes: Purpose) -> None:
    """Let a user's tokens for these purposes hold no longer."""
    await session.execute(
        delete(MailedToken).where(MailedToken.user_id == user_id, MailedToken.purpose.in_(purposes))
    )
