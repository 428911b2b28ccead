"""The accounts API."""

from http import HTTPStatus
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query, Request

from slipway_kit.accounts.errors import (
    InvalidCredentialsError,
    InvalidEmailTokenError,
    InvalidRefreshTokenError,
    RegistrationClosedError,
    SessionNotFoundError,
    WrongPasswordError,
)
from slipway_kit.accounts.schemas import (
    CHANGE_EXAMPLES,
    MAILING_EXAMPLES,
    REFRESH_EXAMPLES,
    REGISTRATION_EXAMPLES,
    RESET_EXAMPLES,
    VERIFICATION_EXAMPLES,
    Accepted,
    LogoutQuery,
    Mailing,
    PasswordChange,
    PasswordReset,
    Refresh,
    Registration,
    SessionPage,
    SessionRead,
    TokenPair,
    Verification,
)
from slipway_kit.fastapi.errors import documented
from slipway_kit.fastapi.public import PUBLIC
from slipway_kit.fastapi.rate_limit import RateLimit
from slipway_kit.fastapi.session import READ_ONLY, SessionDep
from slipway_kit.pagination import PageQuery
from slipway_kit.problems import UnavailableError
from slipway_kit.rate_limiting import address_and_route, client_and_route

from ..users.models import User
from ..users.roles import Role
from ..users.schemas import UserRead
from . import passwords, registration, sessions
from .current import USER_ERRORS, AuthServicesDep, CurrentClaims, CurrentUser
from .login_form import LOGIN_BODY, LoginForm
from .schemas import TokenReport

router = APIRouter(
    prefix="/auth",
    tags=["auth"],
    responses=documented(UnavailableError),
)

SessionId = Annotated[UUID, Path(description="The session's identifier.")]
NewAccount = Annotated[Registration, Body(openapi_examples=REGISTRATION_EXAMPLES)]
RefreshBody = Annotated[Refresh, Body(openapi_examples=REFRESH_EXAMPLES)]
MailingBody = Annotated[Mailing, Body(openapi_examples=MAILING_EXAMPLES)]
VerificationBody = Annotated[Verification, Body(openapi_examples=VERIFICATION_EXAMPLES)]
ResetBody = Annotated[PasswordReset, Body(openapi_examples=RESET_EXAMPLES)]
ChangeBody = Annotated[PasswordChange, Body(openapi_examples=CHANGE_EXAMPLES)]


def _limit(setting: str, *, by_address: bool = False) -> Any:
    identifier = address_and_route if by_address else client_and_route
    return Depends(RateLimit(attrgetter(setting), identifier))


# A client that guesses passwords or tokens may have many accounts.
_LOGIN_LIMIT = _limit("rate_limit_login", by_address=True)
_REGISTER_LIMIT = _limit("rate_limit_register", by_address=True)
_REFRESH_LIMIT = _limit("rate_limit_refresh", by_address=True)
_RESET_LIMIT = _limit("rate_limit_reset", by_address=True)
_PASSWORD_LIMIT = _limit("rate_limit_login", by_address=True)
_LOGOUT_LIMIT = _limit("rate_limit_logout")
_ME_LIMIT = _limit("rate_limit_me")
_PUBLIC = Depends(PUBLIC)
_REGISTERED = Accepted(detail="Check your inbox for an email with the next steps.")
_MAILED = Accepted(detail="If the address has an account that needs it, an email was sent.")


@router.post(
    "/register",
    status_code=HTTPStatus.ACCEPTED,
    summary="Register",
    dependencies=[_REGISTER_LIMIT, _PUBLIC],
    responses=documented(RegistrationClosedError),
)
async def register(data: NewAccount, services: AuthServicesDep) -> Accepted:
    """Create an account; an emailed token activates it.

    The response is the same for an email that has an account already; its owner gets an email. So a
    client cannot find out which emails have an account.
    """
    if not services.settings.registration_enabled:
        raise RegistrationClosedError
    password = data.password.get_secret_value()
    await registration.register(services, data.email, data.name, password)
    return _REGISTERED


@router.post(
    "/verify-email",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Verify an email",
    dependencies=[_RESET_LIMIT, _PUBLIC],
    responses=documented(InvalidEmailTokenError),
)
async def verify_email(
    data: VerificationBody, session: SessionDep, services: AuthServicesDep
) -> None:
    """Show that an address is the account's, with the token that was mailed to it.

    A token is of a single use, and holds for a day by default. Where the address was registered
    several times, with different passwords, none of them counts: a mail brings a token to choose
    one (`/auth/reset-password`). Another address of a user takes the old one's place.
    """
    await registration.verify(session, services, data.token)


@router.post(
    "/verify-email/request",
    status_code=HTTPStatus.ACCEPTED,
    summary="Send another verification token",
    dependencies=[_RESET_LIMIT, _PUBLIC],
)
async def request_verification(data: MailingBody, services: AuthServicesDep) -> Accepted:
    """Send a token to an unverified email; the response is always the same."""
    await registration.request_verification(services, data.email)
    return _MAILED


@router.post(
    "/login",
    response_model=TokenPair,
    summary="Log in",
    dependencies=[_LOGIN_LIMIT, _PUBLIC],
    responses=documented(InvalidCredentialsError),
    openapi_extra=LOGIN_BODY,
)
async def log_in(data: LoginForm, services: AuthServicesDep, request: Request) -> sessions.Issued:
    """Open a session with email and password.

    - The **access token** authenticates requests for minutes: `Authorization: Bearer ...`.
    - The **refresh token** is exchanged for the next pair, once; a reuse revokes the session.

    The form of OAuth 2.0 is accepted as well (RFC 6749, section 4.3.2), with the email as
    `username`.

    An unknown email, a wrong password and an unverified email get the same response, in the same
    time.
    """
    password = data.password.get_secret_value()
    return await sessions.log_in(services, data.email, password, request.scope)


@router.post(
    "/refresh",
    response_model=TokenPair,
    summary="Refresh the tokens",
    dependencies=[_REFRESH_LIMIT, _PUBLIC],
    responses=documented(InvalidRefreshTokenError),
)
async def refresh(data: RefreshBody, services: AuthServicesDep) -> sessions.Issued:
    """Go on with a session: the refresh token is taken, and a new pair is given.

    A token that comes a second time ends its session, with all tokens of it: either it was stolen,
    or a client refreshed twice at a time, which it must not.
    """
    return await sessions.refresh(services, data.refresh_token)


@router.get(
    "/verify",
    summary="Verify the access token",
    dependencies=[READ_ONLY],
    responses=documented(*USER_ERRORS),
)
async def verify_token(claims: CurrentClaims, user: CurrentUser) -> TokenReport:
    """Return the claims of a valid access token; else 401.

    Made for a proxy that asks whether to let a request through.
    """
    return TokenReport(
        user_id=user.id,
        session_id=claims.session_id,
        role=Role(user.role),
        expires_at=claims.expires_at,
    )


@router.get(
    "/me",
    response_model=UserRead,
    summary="Read one's own account",
    dependencies=[_ME_LIMIT, READ_ONLY],
    responses=documented(*USER_ERRORS),
)
async def read_me(user: CurrentUser) -> User:
    """Return the authenticated user."""
    return user


@router.post(
    "/logout",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Log out",
    dependencies=[_LOGOUT_LIMIT],
    responses=documented(*USER_ERRORS),
)
async def log_out(
    claims: CurrentClaims,
    _: CurrentUser,
    session: SessionDep,
    services: AuthServicesDep,
    query: Annotated[LogoutQuery, Query()],
) -> None:
    """End the session of the access token: its tokens are refused at once, on every worker."""
    await sessions.log_out(session, services, claims, all_=query.all)


@router.get(
    "/sessions",
    summary="List one's own sessions",
    dependencies=[READ_ONLY],
    responses=documented(*USER_ERRORS),
)
async def list_sessions(
    query: Annotated[PageQuery, Query()],
    claims: CurrentClaims,
    user: CurrentUser,
    session: SessionDep,
) -> SessionPage:
    """Return one page of the active sessions of the authenticated user, the newest first."""
    found, total = await sessions.list_sessions(session, user, query)
    return SessionPage.of([SessionRead.of(each, claims.session_id) for each in found], total, query)


@router.delete(
    "/sessions/{session_id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="End one of one's own sessions",
    dependencies=[_LOGOUT_LIMIT],
    responses=documented(*USER_ERRORS, SessionNotFoundError),
)
async def end_session(
    session_id: SessionId, user: CurrentUser, session: SessionDep, services: AuthServicesDep
) -> None:
    """End a session of the authenticated user: its tokens are refused at once."""
    await sessions.end_session(session, services, user, session_id)


@router.post(
    "/change-password",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Change the password",
    dependencies=[_PASSWORD_LIMIT],
    responses=documented(*USER_ERRORS, WrongPasswordError),
)
async def change_password(
    data: ChangeBody,
    claims: CurrentClaims,
    user: CurrentUser,
    session: SessionDep,
    services: AuthServicesDep,
    request: Request,
) -> None:
    """Change the password, given the current one; revoke other sessions, notify the user."""
    old, new = data.current_password.get_secret_value(), data.new_password.get_secret_value()
    await passwords.change(
        session,
        services,
        user,
        session_id=claims.session_id,
        old=old,
        new=new,
        scope=request.scope,
    )


@router.post(
    "/reset-password/request",
    status_code=HTTPStatus.ACCEPTED,
    summary="Send a reset token",
    dependencies=[_RESET_LIMIT, _PUBLIC],
)
async def request_reset(data: MailingBody, services: AuthServicesDep) -> Accepted:
    """Send a token that resets the password; the response is the same for unknown emails."""
    await passwords.request_reset(services, data.email)
    return _MAILED


@router.post(
    "/reset-password",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Reset the password",
    dependencies=[_RESET_LIMIT, _PUBLIC],
    responses=documented(InvalidEmailTokenError),
)
async def reset_password(data: ResetBody, services: AuthServicesDep, request: Request) -> None:
    """Set a new password with an emailed token; revoke all sessions, notify the user."""
    password = data.password.get_secret_value()
    await passwords.reset(services, data.token, password, request.scope)
