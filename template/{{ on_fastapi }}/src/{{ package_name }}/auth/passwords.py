"""Changing a password that is known, and one that is forgotten."""

from datetime import timedelta
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Scope

from slipway_kit.accounts.errors import InvalidEmailTokenError, WrongPasswordError
from slipway_kit.accounts.events import Event
from slipway_kit.accounts.purposes import Purpose
from slipway_kit.passwords import OWN_EMAIL, is_email
from slipway_kit.sqlalchemy.models import now

from ..audit.service import record
from ..users.models import User
from .email_tokens import drop_tokens, has_enough_tokens, new_token, use_token
from .known_clients import limit_guesses, new_session
from .services import AuthServices
from .sessions import end_sessions


async def request_reset(services: AuthServices, email: str) -> None:
    """Send a reset token in the background, if the email has an account."""
    await services.later.call(send_reset, services, email)


async def reset(services: AuthServices, token: str, password: str, scope: Scope) -> None:
    """Set a password with a mailed token; all sessions end, and the address counts as verified.

    The client that sets it may log in afterwards, while guesses of others are refused.

    Raises:
        InvalidEmailTokenError: The token is invalid, expired, or not for the user's email.
        RequestValidationError: The password is the email.
        UnavailableError: Too many passwords are being hashed right now.
    """
    kept = await services.passwords.hash(password)
    async with services.sessions.begin() as session:
        user, used = await use_token(session, token, Purpose.RESET)
        if used.address != user.email:
            raise InvalidEmailTokenError
        _require_other_than_email(user, "password", password)
        await _set(session, services, user, kept)
        here = new_session(user.id, timedelta(), scope)
        here.revoked_at = here.expires_at
        session.add(here)
        if not user.verified:
            user.verified_at = now()
        record(session, Event.RESET, actor=user.id, subject=user.id)
        await services.post(session, "password_changed", user.email)


async def change(
    session: AsyncSession,
    services: AuthServices,
    user: User,
    *,
    session_id: UUID,
    old: str,
    new: str,
    scope: Scope,
) -> None:
    """Set a password, given the present one; all other sessions end.

    Raises:
        WrongPasswordError: The present one is another.
        RequestValidationError: The new one is the email.
        RateLimitedError: There were too many guesses, from new places.
        UnavailableError: Too many passwords are being hashed right now.
    """
    _require_other_than_email(user, "new_password", new)
    await require_password(session, services, user, old, scope)
    kept = await services.passwords.hash(new)
    await _set(session, services, user, kept, but=session_id)
    record(session, Event.PASSWORD_CHANGED, actor=user.id, subject=user.id)
    await services.post(session, "password_changed", user.email)
    await session.commit()


def _require_other_than_email(user: User, field: str, password: str) -> None:
    if is_email(password, user.email):
        error = {"loc": ("body", field), "msg": f"Value error, {OWN_EMAIL}", "type": "value_error"}
        raise RequestValidationError([error])


async def require_password(
    session: AsyncSession, services: AuthServices, user: User, password: str | None, scope: Scope
) -> None:
    """Require the password of the user; it ends the transaction of the session.

    Raises:
        WrongPasswordError: It is another.
        RateLimitedError: There were too many guesses, from new places.
        UnavailableError: Too many passwords are being compared right now.
    """
    kept = user.password_hash.get_secret_value() if user.password_hash else None
    await limit_guesses(session, services, scope, user.email)
    await session.commit()  # others need the connection meanwhile
    if not (await services.passwords.verify(password or "", kept)).matches:
        raise WrongPasswordError


async def new_reset(session: AsyncSession, services: AuthServices, user: User) -> str:
    """Return a token that sets a user's password; those that are pending stay valid."""
    lifetime = timedelta(minutes=services.settings.reset_token_minutes)
    return new_token(session, user, Purpose.RESET, lifetime)


async def post_reset(
    session: AsyncSession, services: AuthServices, name: str, email: str, token: str
) -> None:
    """Send a token that sets a password when the transaction is committed.

    Args:
        session: The transaction.
        services: The services of accounts.
        name: The mail's text: reset_password, or invitation for a new account.
        email: The address.
        token: The token.
    """
    lifetime = f"{services.settings.reset_token_minutes} minutes"
    link = services.link("reset-password", token)
    fields = {"token": token, "link": link, "lifetime": lifetime}
    await services.post(session, name, email, **fields)


async def _set(
    session: AsyncSession, services: AuthServices, user: User, kept: str, but: UUID | None = None
) -> None:
    changed = update(User).where(User.id == user.id).values(password_hash=SecretStr(kept))
    await session.execute(changed)
    await drop_tokens(session, user.id, Purpose.RESET, Purpose.VERIFY)
    await end_sessions(session, services, user.id, but=but)


async def send_reset(services: AuthServices, email: str) -> None:
    """Send a reset token, if the email has an account."""
    async with services.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.email == email))
        if user is None or user.deleted_at is not None:
            return
        record(session, Event.RESET_REQUESTED, subject=user.id)
        if await has_enough_tokens(session, user.id, Purpose.RESET):
            return
        token = await new_reset(session, services, user)
        await post_reset(session, services, "reset_password", email, token)
