"""The users API."""

from http import HTTPStatus
from operator import attrgetter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request, Response

from slipway_kit.accounts.errors import LastAdminError, WrongPasswordError
from slipway_kit.accounts.purposes import Purpose
from slipway_kit.accounts.user_errors import EmailTakenError, UnverifiedError, UserNotFoundError
from slipway_kit.fastapi.errors import documented
from slipway_kit.fastapi.rate_limit import RateLimit
from slipway_kit.fastapi.session import READ_ONLY, SessionDep
from slipway_kit.openapi import LOCATED
from slipway_kit.problems import UnavailableError
from slipway_kit.sqlalchemy.models import now

from ..auth.current import ADMIN_ERRORS, USER_ERRORS, AuthServicesDep, CurrentAdmin, CurrentUser
from ..auth.email_tokens import drop_tokens
from ..auth.passwords import new_reset, post_reset, require_password
from ..auth.registration import request_move
from ..auth.sessions import end_all_sessions, end_sessions
from . import service
from .models import User
from .schemas import (
    CREATE_EXAMPLES,
    ROLE_EXAMPLES,
    UPDATE_EXAMPLES,
    RoleChange,
    UserCreate,
    UserPage,
    UserQuery,
    UserRead,
    UserUpdate,
)

router = APIRouter(
    prefix="/users",
    tags=["users"],
    responses=documented(UnavailableError),
)

UserId = Annotated[UUID, Path(description="The user's identifier.")]
NewUser = Annotated[UserCreate, Body(openapi_examples=CREATE_EXAMPLES)]
UserChange = Annotated[UserUpdate, Body(openapi_examples=UPDATE_EXAMPLES)]
NewRole = Annotated[RoleChange, Body(openapi_examples=ROLE_EXAMPLES)]

# A change of the email tests a password, and sends an email to any address.
_MOVE_LIMITS = (
    RateLimit(attrgetter("rate_limit_login")),
    RateLimit(attrgetter("rate_limit_reset")),
)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=UserRead,
    summary="Create a user",
    responses=LOCATED | documented(*ADMIN_ERRORS, EmailTakenError),
)
async def create_user(
    data: NewUser,
    admin: CurrentAdmin,
    session: SessionDep,
    services: AuthServicesDep,
    request: Request,
    response: Response,
) -> User:
    """Make an account for someone. For administrators.

    Without a password, a mail invites the user to choose one; its token holds as long as that of a
    reset. The address counts as verified. The Location header says where the user is.
    """
    kept = None
    if data.password is not None:
        await session.commit()  # others need the connection while a password is hashed
        kept = await services.passwords.hash(data.password.get_secret_value())
    user = User(
        email=data.email, name=data.name, role=data.role, password_hash=kept, verified_at=now()
    )
    await service.create_user(session, admin, user)
    if kept is None:
        token = await new_reset(session, services, user)
        await post_reset(session, services, "invitation", user.email, token)
    response.headers["Location"] = f"{request.url.path}/{user.id}"
    return user


@router.get(
    "",
    summary="List users",
    dependencies=[READ_ONLY],
    responses=documented(*ADMIN_ERRORS),
)
async def list_users(
    query: Annotated[UserQuery, Query()], _: CurrentAdmin, session: SessionDep
) -> UserPage:
    """Return one page of users, filtered and sorted. For administrators.

    Deleted users are listed where `deleted` asks for them. A page behind the last one is empty.
    """
    users, total = await service.list_users(session, query)
    return UserPage.of([UserRead.model_validate(user) for user in users], total, query)


@router.get(
    "/{user_id}",
    response_model=UserRead,
    summary="Read a user",
    dependencies=[READ_ONLY],
    responses=documented(*USER_ERRORS, UserNotFoundError),
)
async def read_user(user_id: UserId, caller: CurrentUser, session: SessionDep) -> User:
    """Return a user: any for administrators, for others themselves.

    For other clients a user does not exist (404), so that they cannot see who has an account.
    """
    return await service.read_user(session, caller, user_id)


@router.patch(
    "/{user_id}",
    response_model=UserRead,
    summary="Change a user",
    responses=documented(*USER_ERRORS, WrongPasswordError, UserNotFoundError, EmailTakenError),
)
async def update_user(
    user_id: UserId,
    data: UserChange,
    caller: CurrentUser,
    session: SessionDep,
    services: AuthServicesDep,
    request: Request,
) -> User:
    """Change the fields that are given: of any user for administrators, else of oneself.

    Another address of one's own needs `current_password`, and takes the old one's place when the
    token of the mail that goes there has come back (`/auth/verify-email`). Until then, and if the
    address has an account already, the response shows the old one.
    """
    user = await service.read_user(session, caller, user_id)
    changes = data.model_dump(include={"name", "email"}, exclude_unset=True)
    name, email = changes.get("name"), changes.get("email", user.email)
    moves = email != user.email
    if moves and user.id == caller.id:
        for limit in _MOVE_LIMITS:
            await limit.count(request.scope)
        given = data.current_password.get_secret_value() if data.current_password else None
        await require_password(session, services, user, given, request.scope)
        await service.update_user(session, caller, user, name=name)
        await request_move(session, services, user, email)
        return user
    await service.update_user(session, caller, user, name=name, email=email)
    if moves:
        await drop_tokens(session, user.id, *Purpose)
    return user


@router.put(
    "/{user_id}/role",
    response_model=UserRead,
    summary="Change a user's role",
    responses=documented(*ADMIN_ERRORS, UserNotFoundError, UnverifiedError, LastAdminError),
)
async def change_role(
    user_id: UserId,
    data: NewRole,
    admin: CurrentAdmin,
    session: SessionDep,
    services: AuthServicesDep,
) -> User:
    """Give a user another role, from the next request on. For administrators.

    The last administrator stays one (409), and nobody becomes one whose address was not verified
    where that is required (409).
    """
    user = await service.read_user(session, admin, user_id)
    if services.settings.email_verification_required:
        service.check_promotion(user, data.role)
    await service.change_role(session, admin, user, data.role)
    return user


@router.delete(
    "/{user_id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a user",
    responses=documented(*ADMIN_ERRORS, UserNotFoundError, LastAdminError),
)
async def delete_user(
    user_id: UserId, admin: CurrentAdmin, session: SessionDep, services: AuthServicesDep
) -> None:
    """Delete a user and revoke the tokens at once; it can be restored. For administrators.

    The last administrator stays (409); a user who was deleted before is 404.
    """
    user = await service.read_user(session, admin, user_id)
    await service.delete_user(session, admin, user)
    await drop_tokens(session, user.id, *Purpose)
    await end_sessions(session, services, user.id)


@router.delete(
    "/{user_id}/sessions",
    status_code=HTTPStatus.NO_CONTENT,
    summary="End a user's sessions",
    responses=documented(*ADMIN_ERRORS, UserNotFoundError),
)
async def end_user_sessions(
    user_id: UserId, admin: CurrentAdmin, session: SessionDep, services: AuthServicesDep
) -> None:
    """End all sessions of a user, who has to log in again. For administrators."""
    user = await service.read_user(session, admin, user_id)
    await end_all_sessions(session, services, admin, user)


@router.post(
    "/{user_id}/restore",
    response_model=UserRead,
    summary="Restore a user",
    responses=documented(*ADMIN_ERRORS, UserNotFoundError),
)
async def restore_user(user_id: UserId, admin: CurrentAdmin, session: SessionDep) -> User:
    """Restore a deleted user, who has to log in again. For administrators."""
    user = await service.read_user(session, admin, user_id)
    await service.restore_user(session, admin, user)
    return user
