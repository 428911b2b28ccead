"""Making an account, and verifying an address: a new account's, or another one of a user."""

from datetime import timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from slipway_kit.accounts.errors import InvalidEmailTokenError
from slipway_kit.accounts.events import Event
from slipway_kit.accounts.purposes import MOST_PENDING, MOST_REGISTERED, Purpose
from slipway_kit.sqlalchemy.models import now

from ..audit.service import count_recent, record
from ..users.models import User
from .email_tokens import drop_tokens, has_enough_tokens, new_token, use_token
from .passwords import new_reset, post_reset
from .services import AuthServices


async def register(services: AuthServices, email: str, name: str, password: str) -> None:
    """Make an account and mail a token that verifies its address.

    The caller learns nothing of an address that has an account: its owner does, by mail. While an
    address is not verified, others may register it, too. Nobody knows then who of them owns it: of
    several passwords none counts, and the owner chooses one, by mail.

    Raises:
        UnavailableError: Too many want to register right now.
    """
    known = await _find(services, email)
    if known is None:
        new = SecretStr(await services.passwords.hash(password))
        try:
            await _register(services, User(email=email, name=name, password_hash=new))
        except IntegrityError:  # another request has made it since
            known = await _find(services, email)
    if known is not None:  # to compare takes as long as to hash
        hidden = known.password_hash
        kept = None if hidden is None else hidden.get_secret_value()
        verified = await services.passwords.verify(password, kept)
        await _register_again(services, known.id, competing=not verified.matches)


async def _find(services: AuthServices, email: str) -> User | None:
    async with services.sessions() as session:
        user: User | None = await session.scalar(select(User).where(User.email == email))
    return user


async def _register(services: AuthServices, user: User) -> None:
    async with services.sessions.begin() as session:
        session.add(user)
        await session.flush()
        record(session, Event.REGISTERED, subject=user.id)
        await _send_verification(session, services, user)


async def _register_again(services: AuthServices, user_id: UUID, *, competing: bool) -> None:
    async with services.sessions.begin() as session:
        enough = await has_enough_tokens(session, user_id, Purpose.VERIFY, MOST_REGISTERED)
        user = await session.get_one(User, user_id)
        if _is_in_use(services, user):
            told = await count_recent(session, Event.REGISTERED_AGAIN, user.id)
            record(session, Event.REGISTERED_AGAIN, subject=user.id)
            if user.deleted_at is None and told < MOST_PENDING:
                await services.post(session, "already_registered", user.email)
            return
        record(session, Event.REGISTERED, subject=user.id)
        if competing:
            _forget_registration(user)
        if not enough:
            await _send_verification(session, services, user)


def _forget_registration(user: User) -> None:
    user.name, user.password_hash = "", None


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
        await _send_verification(session, services, user, email)
    else:
        await services.post(session, "already_registered", email)
    await session.commit()


async def verify(session: AsyncSession, services: AuthServices, token: str) -> None:
    """Note that an address belongs to its account, and make it the account's where it was not.

    An account without a password, as after competing registrations, gets a mail to choose one.

    Raises:
        InvalidEmailTokenError: The token is invalid or expired, or its email is taken.
    """
    user, used = await use_token(session, token, Purpose.VERIFY)
    # An earlier release mailed a token with the password of each registration.
    if not _is_in_use(services, user) and used.password_hash not in (None, user.password_hash):
        _forget_registration(user)
    before, user.email = user.email, used.address
    chooses, user.verified_at = not user.verified and user.password_hash is None, now()
    try:
        await session.flush()
    except IntegrityError as error:
        raise InvalidEmailTokenError from error
    details = {"from": before, "to": user.email} if before != user.email else None
    record(session, Event.VERIFIED, actor=user.id, subject=user.id, details=details)
    if details:
        await drop_tokens(session, user.id, Purpose.RESET)
        await services.post(session, "address_changed", before)
    if chooses:
        reset = await new_reset(session, services, user)
        await post_reset(session, services, "choose_password", user.email, reset)


def _is_in_use(services: AuthServices, user: User) -> bool:
    # Where verification is not required, people use what they have not verified.
    required = services.settings.email_verification_required
    return user.verified or user.deleted_at is not None or not required


async def _send_verification(
    session: AsyncSession, services: AuthServices, user: User, email: str | None = None
) -> None:
    hours = services.settings.verification_token_hours
    token = new_token(session, user, Purpose.VERIFY, timedelta(hours=hours), address=email)
    link = services.link("verify-email", token)
    fields = {"token": token, "link": link, "lifetime": f"{hours} hours"}
    await services.post(session, "verify_email", email or user.email, **fields)


async def send_verification(services: AuthServices, email: str) -> None:
    """Send another token, if the email is unverified."""
    async with services.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.email == email))
        if user is None or user.verified or user.deleted_at is not None:
            return
        if await has_enough_tokens(session, user.id, Purpose.VERIFY):
            return
        await session.refresh(user)
        if not user.verified:  # by a request that this one has waited for
            await _send_verification(session, services, user)
