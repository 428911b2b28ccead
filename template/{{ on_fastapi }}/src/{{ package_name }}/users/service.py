"""What can be done with users."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from slipway_kit.accounts.errors import LastAdminError
from slipway_kit.accounts.events import Event
from slipway_kit.accounts.user_errors import EmailTakenError, UnverifiedError, UserNotFoundError
from slipway_kit.sqlalchemy.models import now

from ..audit.service import record
from .models import User
from .roles import Role
from .schemas import UserQuery


async def create_user(session: AsyncSession, admin: User, user: User) -> None:
    """Add a user.

    Raises:
        EmailTakenError: Another user has the address.
    """
    session.add(user)
    await _flush(session)
    record(session, Event.CREATED, actor=admin.id, subject=user.id, details={"role": user.role})


async def list_users(session: AsyncSession, query: UserQuery) -> tuple[list[User], int]:
    """Return one page of the matching users, and how many match in all."""
    conditions = list(_conditions(query))
    total = await session.scalar(select(func.count(User.id)).where(*conditions))
    column = getattr(User, query.sort.removeprefix("-"))
    # The identifier decides between equals, so that no user is on two pages.
    order = (column.desc(), User.id.desc()) if query.sort.startswith("-") else (column, User.id)
    page = (
        select(User).where(*conditions).order_by(*order).offset(query.offset).limit(query.page_size)
    )
    return list(await session.scalars(page)), total or 0


async def read_user(session: AsyncSession, caller: User, user_id: UUID) -> User:
    """Return a user: any for an administrator, deleted ones too; for others, themselves.

    Raises:
        UserNotFoundError: There is none, or not for this caller.
    """
    user = await session.get(User, user_id)
    if user is None or not (caller.is_admin or user.id == caller.id):
        raise UserNotFoundError
    return user


async def update_user(
    session: AsyncSession,
    caller: User,
    user: User,
    *,
    name: str | None = None,
    email: str | None = None,
) -> None:
    """Change a user's name and address; None leaves one as it is.

    Raises:
        EmailTakenError: Another user has the address.
    """
    changed = []
    if name is not None and name != user.name:
        user.name = name
        changed.append("name")
    if email is not None and email != user.email:
        user.email = email
        changed.append("email")
    if changed:
        await _flush(session)
        record(
            session, Event.UPDATED, actor=caller.id, subject=user.id, details={"fields": changed}
        )


def check_promotion(user: User, role: Role) -> None:
    """Refuse to promote a user with an unverified email.

    Raises:
        UnverifiedError: It was not.
    """
    if role is Role.ADMIN and not user.verified:
        raise UnverifiedError


async def change_role(session: AsyncSession, admin: User, user: User, role: Role) -> None:
    """Give a user another role.

    Raises:
        LastAdminError: There would be no administrator left.
    """
    if role == user.role:
        return
    if user.is_admin:
        await _require_another_admin(session, user)
    record(
        session,
        Event.ROLE_CHANGED,
        actor=admin.id,
        subject=user.id,
        details={"from": user.role, "to": role},
    )
    user.role = role


async def delete_user(session: AsyncSession, admin: User, user: User) -> None:
    """Delete a user, who can be restored.

    Raises:
        UserNotFoundError: The user was deleted before.
        LastAdminError: There would be no administrator left.
    """
    if user.deleted_at is not None:
        raise UserNotFoundError
    if user.is_admin:
        await _require_another_admin(session, user)
    user.deleted_at = now()
    record(session, Event.DELETED, actor=admin.id, subject=user.id)


async def restore_user(session: AsyncSession, admin: User, user: User) -> None:
    """Restore a deleted user; an active one does not change."""
    if user.deleted_at is not None:
        user.deleted_at = None
        record(session, Event.RESTORED, actor=admin.id, subject=user.id)


async def _require_another_admin(session: AsyncSession, user: User) -> None:
    # Of two administrators who demote each other, one has to learn that the other did: the second
    # waits for the rows. SQLite locks none, but has one writer at a time, so that a write which
    # changes nothing makes the second wait before it looks.
    admins = (
        select(User.id).where(User.role == Role.ADMIN, User.deleted_at.is_(None)).order_by(User.id)
    )
    await session.execute(admins.with_for_update())
    touch = update(User).where(User.id == user.id).values(updated_at=User.updated_at)
    await session.execute(touch, execution_options={"synchronize_session": False})
    if not any(id_ != user.id for id_ in await session.scalars(admins)):
        raise LastAdminError


def _conditions(query: UserQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.filter:
        conditions.append(
            or_(
                User.email.icontains(query.filter, autoescape=True),
                User.name.icontains(query.filter, autoescape=True),
            )
        )
    if query.role is not None:
        conditions.append(User.role == query.role)
    if query.deleted != "also":
        is_deleted = query.deleted == "yes"
        conditions.append(User.deleted_at.is_not(None) if is_deleted else User.deleted_at.is_(None))
    return conditions


async def _flush(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise EmailTakenError from error
