"""Making an account, and verifying its address."""

from datetime import timedelta
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ..audit.models import Event
from ..audit.service import record
from ..db.models import now
from ..users.models import User
from .accounts import Accounts
from .mailed_tokens import new_token, use_token
from .models import Purpose


async def register(accounts: Accounts, email: str, name: str, password: str) -> None:
    """Make an account and mail a token that verifies its address.

    The caller learns nothing of an address that has an account: its owner does, by mail. An account
    that was never verified is made anew, for whoever made it may not be the address's owner.

    Raises:
        UnavailableError: Too many want to register right now.
    """
    kept = await accounts.passwords.hash(password)
    try:
        await _register(accounts, email, name, kept)
    except IntegrityError:  # another request has made it since
        await _register(accounts, email, name, kept)


async def _register(accounts: Accounts, email: str, name: str, kept: str) -> None:
    async with accounts.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.email == email))
        if user is not None and (user.verified or user.deleted_at is not None):
            record(session, Event.REGISTERED_AGAIN, subject=user.id)
            token = None
        else:
            if user is None:
                user = User(email=email)
                session.add(user)
            user.name, user.password_hash = name, kept
            await session.flush()
            record(session, Event.REGISTERED, actor=user.id, subject=user.id)
            token = await new_verification(session, accounts, user)
    if token is not None:
        post_verification(accounts, email, token)
    elif user.deleted_at is None:
        accounts.post("already_registered", email)


def request_verification(accounts: Accounts, email: str) -> None:
    """Mail another token, if the address waits for one; nobody waits for that to be found out."""
    accounts.errands.add(partial(_send_verification, accounts, email))


async def verify(session: AsyncSession, token: str) -> None:
    """Note that an address belongs to its account.

    Raises:
        InvalidMailedTokenError: The token does not hold.
    """
    user_id = await use_token(session, token, Purpose.VERIFY)
    await session.execute(update(User).where(User.id == user_id).values(verified_at=now()))
    record(session, Event.VERIFIED, actor=user_id, subject=user_id)


async def new_verification(session: AsyncSession, accounts: Accounts, user: User) -> str:
    """Return a token that verifies a user's address."""
    lifetime = timedelta(hours=accounts.settings.verification_token_hours)
    return await new_token(session, user.id, Purpose.VERIFY, lifetime)


def post_verification(accounts: Accounts, email: str, token: str) -> None:
    """Mail a token that verifies an address; to be called when its transaction has ended."""
    lifetime = f"{accounts.settings.verification_token_hours} hours"
    link = accounts.link("verify-email", token)
    accounts.post("verify_email", email, token=token, link=link, lifetime=lifetime)


async def _send_verification(accounts: Accounts, email: str) -> None:
    async with accounts.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.email == email))
        if user is None or user.verified or user.deleted_at is not None:
            return
        token = await new_verification(session, accounts, user)
    post_verification(accounts, email, token)
