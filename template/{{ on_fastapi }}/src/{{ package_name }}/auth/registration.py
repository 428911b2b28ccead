"""Making an account, and verifying an address: a new account's, or another one of a user."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ..audit.events import Event
from ..audit.service import record
from ..db.models import now
from ..users.models import User
from .email_tokens import (
    drop_tokens,
    has_enough_tokens,
    new_token,
    newest_token,
    use_token,
)
from .errors import InvalidEmailTokenError
from .models import Session
from .purposes import Purpose
from .services import AuthServices


async def register(services: AuthServices, email: str, name: str, password: str) -> None:
    """Make an account and mail a token that verifies its address.

    The caller learns nothing of an address that has an account: its owner does, by mail. While an
    address is not verified, each registration of it has a mail of its own, and the mail that is
    answered decides whose password counts.

    Raises:
        UnavailableError: Too many want to register right now.
    """
    kept = await services.passwords.hash(password)
    try:
        await _register(services, email, name, kept)
    except IntegrityError:  # another request has made it since
        await _register(services, email, name, kept)


async def _register(services: AuthServices, email: str, name: str, kept: str) -> None:
    async with services.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.email == email))
        if user is None:
            user = User(email=email, name=name, password_hash=kept)
            session.add(user)
            await session.flush()
        in_use = await _is_in_use(session, user)
        record(session, Event.REGISTERED_AGAIN if in_use else Event.REGISTERED, subject=user.id)
        if not in_use:
            token = _new_verification(session, services, user, name=name, password_hash=kept)
            await _post_verification(session, services, email, token)
        elif user.deleted_at is None:
            await services.post(session, "already_registered", email)


async def request_verification(services: AuthServices, email: str) -> None:
    """Send another token in the background, if the email is unverified."""
    await services.later.call(send_verification, services, email)


async def request_move(
    session: AsyncSession, services: AuthServices, user: User, email: str
) -> None:
    """Mail a token that gives a user another address; until it comes back the old one stays.

    The caller learns nothing of an address that has an account: its owner does, by mail.
    """
    taken = await session.scalar(select(User.id).where(User.email == email))
    if taken is None:
        token = _new_verification(session, services, user, address=email)
        await _post_verification(session, services, email, token)
    else:
        await services.post(session, "already_registered", email)
    await session.commit()


async def verify(session: AsyncSession, services: AuthServices, token: str) -> None:
    """Note that an address belongs to its account, and make it the account's where it was not.

    Raises:
        InvalidEmailTokenError: The token is invalid or expired, or its email is taken.
    """
    user, used = await use_token(session, token, Purpose.VERIFY)
    # A mail that someone else's registration sent changes nothing of an account that is in use.
    if used.password_hash is not None and not await _is_in_use(session, user):
        user.password_hash, user.name = used.password_hash, used.name or ""
    before, user.email = user.email, used.address
    user.verified_at = now()
    try:
        await session.flush()
    except IntegrityError as error:
        raise InvalidEmailTokenError from error
    details = {"from": before, "to": user.email} if before != user.email else None
    record(session, Event.VERIFIED, actor=user.id, subject=user.id, details=details)
    if details:
        await drop_tokens(session, user.id, Purpose.RESET)
        await services.post(session, "address_changed", before)


async def _is_in_use(session: AsyncSession, user: User) -> bool:
    if user.verified or user.deleted_at is not None:
        return True
    # Where verification is not required, people use what they have not verified.
    opened = select(Session.id).where(Session.user_id == user.id).limit(1)
    return await session.scalar(opened) is not None


def _new_verification(
    session: AsyncSession, services: AuthServices, user: User, **options: Any
) -> str:
    lifetime = timedelta(hours=services.settings.verification_token_hours)
    return new_token(session, user, Purpose.VERIFY, lifetime, **options)


async def _post_verification(
    session: AsyncSession, services: AuthServices, email: str, token: str
) -> None:
    lifetime = f"{services.settings.verification_token_hours} hours"
    link = services.link("verify-email", token)
    fields = {"token": token, "link": link, "lifetime": lifetime}
    await services.post(session, "verify_email", email, **fields)


async def send_verification(services: AuthServices, email: str) -> None:
    """Send another token, if the email is unverified."""
    async with services.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.email == email))
        if user is None or user.verified or user.deleted_at is not None:
            return
        if await has_enough_tokens(session, user.id, Purpose.VERIFY):
            return
        await session.refresh(user)
        if user.verified:  # by a request that this one has waited for
            return
        last = await newest_token(session, user.id, Purpose.VERIFY)
        given = {"name": last.name, "password_hash": last.password_hash} if last else {}
        token = _new_verification(session, services, user, **given)
        await _post_verification(session, services, email, token)
