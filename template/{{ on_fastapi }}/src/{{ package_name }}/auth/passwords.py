"""Changing a password that is known, and one that is forgotten."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ..audit.events import Event
from ..audit.service import record
from ..db.models import now
from ..users.models import User
from .accounts import Accounts
from .errors import InvalidMailedTokenError, WrongPasswordError
from .mailed_tokens import drop_tokens, has_enough_tokens, new_token, use_token
from .purposes import Purpose
from .sessions import end_sessions


def request_reset(accounts: Accounts, email: str) -> None:
    """Send a reset token in the background, if the email has an account."""
    accounts.errands.add(partial(_send_reset, accounts, email))


async def reset(accounts: Accounts, token: str, password: str) -> None:
    """Set a password with a mailed token; all sessions end, and the address counts as verified.

    Raises:
        InvalidMailedTokenError: The token is invalid, expired, or not for the user's email.
        UnavailableError: Too many passwords are being hashed right now.
    """
    kept = await accounts.passwords.hash(password)
    async with accounts.sessions.begin() as session:
        user, used = await use_token(session, token, Purpose.RESET)
        if used.address != user.email:
            raise InvalidMailedTokenError
        await _set(session, accounts, user, kept)
        if not user.verified:
            user.verified_at = now()
        record(session, Event.RESET, actor=user.id, subject=user.id)
    accounts.post("password_changed", user.email)


async def change(
    session: AsyncSession, accounts: Accounts, user: User, *, session_id: UUID, old: str, new: str
) -> None:
    """Set a password, given the present one; all other sessions end.

    Raises:
        WrongPasswordError: The present one is another.
        UnavailableError: Too many passwords are being hashed right now.
    """
    await require_password(session, accounts, user, old)
    kept = await accounts.passwords.hash(new)
    await _set(session, accounts, user, kept, but=session_id)
    record(session, Event.PASSWORD_CHANGED, actor=user.id, subject=user.id)
    await session.commit()
    accounts.post("password_changed", user.email)


async def require_password(
    session: AsyncSession, accounts: Accounts, user: User, password: str | None
) -> None:
    """Require the password of the user; it ends the transaction of the session.

    Raises:
        WrongPasswordError: It is another.
        UnavailableError: Too many passwords are being compared right now.
    """
    kept = user.password_hash.get_secret_value() if user.password_hash else None
    await session.commit()  # others need the connection meanwhile
    if not (await accounts.passwords.verify(password or "", kept)).matches:
        raise WrongPasswordError


async def new_reset(session: AsyncSession, accounts: Accounts, user: User) -> str:
    """Return a token that sets a user's password; those that are pending stay valid."""
    lifetime = timedelta(minutes=accounts.settings.reset_token_minutes)
    return new_token(session, user, Purpose.RESET, lifetime)


def post_reset(accounts: Accounts, name: str, email: str, token: str) -> None:
    """Send a token that sets a password; call it after the commit.

    Args:
        accounts: The services of accounts.
        name: The mail's text: reset_password, or invitation for a new account.
        email: The address.
        token: The token.
    """
    lifetime = f"{accounts.settings.reset_token_minutes} minutes"
    link = accounts.link("reset-password", token)
    accounts.post(name, email, token=token, link=link, lifetime=lifetime)


async def _set(
    session: AsyncSession, accounts: Accounts, user: User, kept: str, but: UUID | None = None
) -> None:
    changed = update(User).where(User.id == user.id).values(password_hash=SecretStr(kept))
    await session.execute(changed)
    await drop_tokens(session, user.id, Purpose.RESET, Purpose.VERIFY)
    await end_sessions(session, accounts, user.id, but=but)


async def _send_reset(accounts: Accounts, email: str) -> None:
    async with accounts.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.email == email))
        if user is None or user.deleted_at is not None:
            return
        record(session, Event.RESET_REQUESTED, subject=user.id)
        if await has_enough_tokens(session, user.id, Purpose.RESET):
            return
        token = await new_reset(session, accounts, user)
    post_reset(accounts, "reset_password", email, token)
