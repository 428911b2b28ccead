"""The clients from which an account was used, and the limit of password guesses by all others."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Scope

from slipway_kit.accounts.events import Event
from slipway_kit.accounts.guesses import count_guess
from slipway_kit.asgi_headers import first
from slipway_kit.rate_limiting import client_of
from slipway_kit.sqlalchemy.models import now

from ..audit.service import count_recent, record
from ..users.models import User
from .email_tokens import lock_user
from .models import LONGEST_USER_AGENT, Session
from .services import AuthServices


def new_session(user_id: UUID, lifetime: timedelta, scope: Scope) -> Session:
    """Return a session of the client that sends a request."""
    agent = (first(scope["headers"], b"user-agent") or "")[:LONGEST_USER_AGENT]
    return Session(
        user_id=user_id, expires_at=now() + lifetime, client=client_of(scope), user_agent=agent
    )


async def limit_guesses(
    session: AsyncSession, services: AuthServices, scope: Scope, email: str
) -> None:
    """Count a guess of an account's password; where it was used before, guesses are not counted.

    It ends the transaction of the session.

    Raises:
        RateLimitedError: There were too many guesses.
    """
    if scope["state"]["limits"] is None:
        return
    client = client_of(scope)
    sessions = select(Session.id).join(User, User.id == Session.user_id)
    there = sessions.where(User.email == email, Session.client == client).limit(1)
    known = client and await session.scalar(there)
    await session.commit()  # others need the connection meanwhile
    if not known and await count_guess(scope["state"], email):
        await services.later.call(send_warning, services, email)


async def send_warning(services: AuthServices, email: str) -> None:
    """Tell the owner of an account that no more guesses are allowed, once a day."""
    async with services.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.email == email))
        if user is None or user.deleted_at is not None:
            return
        await lock_user(session, user.id)
        if not await count_recent(session, Event.LOGIN_LIMITED, user.id):
            record(session, Event.LOGIN_LIMITED, subject=user.id)
            await services.post(session, "many_logins", email)
