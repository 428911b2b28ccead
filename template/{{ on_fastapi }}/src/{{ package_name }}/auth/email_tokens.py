"""Tokens that are mailed: of a single use, for a short time, for the address they went to."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from slipway_kit.accounts.errors import InvalidEmailTokenError
from slipway_kit.accounts.purposes import MOST_PENDING, Purpose
from slipway_kit.sqlalchemy.models import now
from slipway_kit.tokens import digest, random_token

from ..users.models import User
from .models import MailedToken


def new_token(
    session: AsyncSession,
    user: User,
    purpose: Purpose,
    lifetime: timedelta,
    *,
    address: str | None = None,
) -> str:
    """Return a token to mail.

    Args:
        session: The transaction.
        user: Whose account it is for.
        purpose: What it is for.
        lifetime: For how long it holds.
        address: Where it is mailed to; by default the user's address.
    """
    token = random_token()
    session.add(
        MailedToken(
            user_id=user.id,
            purpose=purpose,
            address=address or user.email,
            digest=digest(token),
            expires_at=now() + lifetime,
        )
    )
    return token


async def use_token(
    session: AsyncSession, token: str, purpose: Purpose
) -> tuple[User, MailedToken]:
    """Return the user and the token; invalidate all tokens for this purpose.

    Raises:
        InvalidEmailTokenError: It was used, has expired or is unknown; or its user was deleted.
    """
    # One statement: of two that come at the same time, one finds it.
    used = await session.scalar(
        delete(MailedToken)
        .where(
            MailedToken.digest == digest(token),
            MailedToken.purpose == purpose,
            MailedToken.expires_at > now(),
        )
        .returning(MailedToken)
    )
    user = None if used is None else await session.get(User, used.user_id)
    if used is None or user is None or user.deleted_at is not None:
        raise InvalidEmailTokenError
    await drop_tokens(session, user.id, purpose)
    return user, used


async def has_enough_tokens(
    session: AsyncSession, user_id: UUID, purpose: Purpose, most: int = MOST_PENDING
) -> bool:
    """Return whether so many tokens are pending that no further one is mailed.

    Those that are pending stay valid: else anyone could void a user's token by asking for another.
    """
    await lock_user(session, user_id)
    pending = select(func.count(MailedToken.id)).where(
        MailedToken.user_id == user_id,
        MailedToken.purpose == purpose,
        MailedToken.expires_at > now(),
    )
    return (await session.scalar(pending) or 0) >= most


async def lock_user(session: AsyncSession, user_id: UUID) -> None:
    """Wait for transactions with the same user, so that this one sees what they have written."""
    # A write that changes nothing has them wait for each other, on SQLite as well.
    touch = update(User).where(User.id == user_id).values(updated_at=User.updated_at)
    await session.execute(touch, execution_options={"synchronize_session": False})


async def drop_tokens(session: AsyncSession, user_id: UUID, *purposes: Purpose) -> None:
    """Invalidate a user's tokens for these purposes."""
    await session.execute(
        delete(MailedToken).where(MailedToken.user_id == user_id, MailedToken.purpose.in_(purposes))
    )
