"""Logging in, refreshing and logging out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Scope

from slipway_kit.accounts.errors import (
    InvalidCredentialsError,
    InvalidRefreshTokenError,
    SessionNotFoundError,
)
from slipway_kit.accounts.events import Event
from slipway_kit.pagination import PageQuery
from slipway_kit.sqlalchemy.models import now
from slipway_kit.tokens import Claims, digest, random_token

from ..audit.service import record
from ..users.models import User
from .known_clients import limit_guesses, new_session
from .models import RefreshToken, Session
from .services import AuthServices

# Each request of a user asks it, so that it is put together once: that takes as long as asking.
_ACTIVE_SESSION = (
    select(Session)
    .join(User, User.id == Session.user_id)
    .where(
        Session.id == bindparam("session_id"),
        Session.revoked_at.is_(None),
        Session.expires_at > bindparam("moment"),
        User.deleted_at.is_(None),
    )
)
_ACTIVE_USER = _ACTIVE_SESSION.with_only_columns(User)


@dataclass(frozen=True)
class Issued:
    """A pair of tokens, fresh."""

    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int


async def log_in(services: AuthServices, email: str, password: str, scope: Scope) -> Issued:
    """Open a session for the client that sends a request.

    No transaction is open while the password is compared, which takes long; so the user is looked
    at once more afterwards.

    Raises:
        InvalidCredentialsError: There is no such user, or not with this password, or the address
            was not verified; each takes as long.
        RateLimitedError: There were too many attempts, from new places.
        UnavailableError: Too many want to log in right now.
    """
    async with services.sessions() as session:
        user = await session.scalar(select(User).where(User.email == email))
        await limit_guesses(session, services, scope, email)
    hidden = None if user is None else user.password_hash
    kept = None if hidden is None else hidden.get_secret_value()
    verified = await services.passwords.verify(password, kept)
    issued = None
    async with services.sessions.begin() as session:
        if user is not None and verified.matches and _may_log_in(services, user):
            changes = {"password_hash": verified.renewed or kept, "updated_at": User.updated_at}
            unchanged = User.id == user.id, User.password_hash == kept, User.deleted_at.is_(None)
            if await session.scalar(
                update(User).where(*unchanged).values(changes).returning(User.id)
            ):
                issued = await _open_session(session, services, user.id, scope)
        subject = None if user is None else user.id
        if issued is None:
            record(session, Event.LOGIN_FAILED, subject=subject)
        else:
            record(session, Event.LOGIN, actor=subject, subject=subject)
    if issued is None:
        raise InvalidCredentialsError
    return issued


async def refresh(services: AuthServices, token: str) -> Issued:
    """Return a new pair of tokens for a refresh token, which is then invalid.

    A token that was used before may be stolen: its whole family is revoked (RFC 9700, section
    4.14.2), even if one client refreshes twice at the same time.

    Raises:
        InvalidRefreshTokenError: It was used, has ended, or never was.
    """
    issued = None
    async with services.sessions.begin() as session:
        # One statement decides which of several concurrent requests is first.
        used = await session.scalar(
            update(RefreshToken)
            .where(RefreshToken.digest == digest(token), RefreshToken.used_at.is_(None))
            .values(used_at=now())
            .returning(RefreshToken.session_id)
        )
        if used is not None:
            active = await session.scalar(_ACTIVE_SESSION, _parameters(used))
            if active is not None:
                issued = await _issue(session, services, active)
        else:
            await _end_family_of(session, services, token)
    if issued is None:
        raise InvalidRefreshTokenError
    return issued


async def log_out(
    session: AsyncSession, services: AuthServices, claims: Claims, *, all_: bool
) -> None:
    """End the session of an access token, or all sessions of its user."""
    if all_:
        await end_sessions(session, services, claims.user_id)
    else:
        await _end(session, services, [claims.session_id])
    record(
        session,
        Event.LOGOUT,
        actor=claims.user_id,
        subject=claims.user_id,
        details={"all": all_},
    )


async def list_sessions(
    session: AsyncSession, user: User, query: PageQuery
) -> tuple[list[Session], int]:
    """Return one page of a user's active sessions, the newest first, and how many there are."""
    active = _active_of(user)
    total = await session.scalar(select(func.count(Session.id)).where(*active))
    newest = select(Session).where(*active).order_by(Session.created_at.desc(), Session.id)
    page = newest.offset(query.offset).limit(query.page_size)
    return list(await session.scalars(page)), total or 0


async def end_session(
    session: AsyncSession, services: AuthServices, user: User, session_id: UUID
) -> None:
    """End one of a user's own sessions.

    Raises:
        SessionNotFoundError: The user has no such session.
    """
    own = select(Session.id).where(*_active_of(user), Session.id == session_id)
    if await session.scalar(own) is None:
        raise SessionNotFoundError
    await _end(session, services, [session_id])
    ended = {"session_id": str(session_id)}
    record(session, Event.SESSION_ENDED, actor=user.id, subject=user.id, details=ended)


async def end_all_sessions(
    session: AsyncSession, services: AuthServices, admin: User, user: User
) -> None:
    """End all sessions of a user, for an administrator."""
    await end_sessions(session, services, user.id)
    record(session, Event.SESSION_ENDED, actor=admin.id, subject=user.id, details={"all": True})


async def end_sessions(
    session: AsyncSession, services: AuthServices, user_id: UUID, *, but: UUID | None = None
) -> None:
    """End a user's sessions, at once; but for one, where one is to go on."""
    active = select(Session.id).where(Session.user_id == user_id, Session.revoked_at.is_(None))
    ids = await session.scalars(active)
    await _end(session, services, [id_ for id_ in ids if id_ != but])


async def active_user(session: AsyncSession, session_id: UUID) -> User | None:
    """Return the user of a session; None if it is revoked or expired, or the user was deleted."""
    user: User | None = await session.scalar(_ACTIVE_USER, _parameters(session_id))
    return user


def _active_of(user: User) -> tuple[ColumnElement[bool], ...]:
    return (
        Session.user_id == user.id,
        Session.revoked_at.is_(None),
        Session.expires_at > now(),
    )


def _parameters(session_id: UUID) -> dict[str, Any]:
    return {"session_id": session_id, "moment": now()}


def _may_log_in(services: AuthServices, user: User) -> bool:
    known = user.verified or not services.settings.email_verification_required
    return known and user.deleted_at is None


async def _open_session(
    session: AsyncSession, services: AuthServices, user_id: UUID, scope: Scope
) -> Issued:
    opened = new_session(user_id, timedelta(days=services.settings.refresh_token_days), scope)
    session.add(opened)
    await session.flush()
    return await _issue(session, services, opened)


async def _issue(session: AsyncSession, services: AuthServices, of: Session) -> Issued:
    token, token_id = random_token(), uuid4()
    session.add(RefreshToken(id=token_id, session_id=of.id, digest=digest(token)))
    return Issued(
        access_token=services.tokens.issue(of.user_id, of.id, token_id),
        refresh_token=token,
        expires_in=int(services.tokens.lifetime.total_seconds()),
        refresh_expires_in=int((of.expires_at - now()).total_seconds()),
    )


async def _end_family_of(session: AsyncSession, services: AuthServices, token: str) -> None:
    family = await session.scalar(
        select(Session)
        .join(RefreshToken, RefreshToken.session_id == Session.id)
        .where(RefreshToken.digest == digest(token))
    )
    if family is None:
        return
    await _end(session, services, [family.id])
    record(session, Event.TOKEN_REUSED, subject=family.user_id)


async def _end(session: AsyncSession, services: AuthServices, ids: Sequence[UUID]) -> None:
    going_on = Session.id.in_(ids), Session.revoked_at.is_(None)
    await session.execute(update(Session).where(*going_on).values(revoked_at=now()))
    recent = now() - services.tokens.lifetime
    tokens = await session.scalars(
        select(RefreshToken.id).where(
            RefreshToken.session_id.in_(ids), RefreshToken.created_at > recent
        )
    )
    await services.denied.deny(list(tokens), services.tokens.lifetime.total_seconds())


async def count_active_users(services: AuthServices) -> int:
    """Return how many users have a session whose last access token has not expired."""
    since = now() - timedelta(minutes=services.settings.access_token_minutes)
    statement = (
        select(func.count(Session.user_id.distinct()))
        .join(RefreshToken, RefreshToken.session_id == Session.id)
        .where(RefreshToken.created_at > since, Session.revoked_at.is_(None))
    )
    async with services.sessions() as session:
        return await session.scalar(statement) or 0
