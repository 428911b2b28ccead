"""Who calls, as parameters of endpoints that read as a sentence.

Examples:
    async def read_report(user: CurrentUser) -> Report: ...
    async def delete_report(admin: CurrentAdmin) -> None: ...
"""

from typing import Annotated

from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer
from starlette.requests import HTTPConnection

from slipway_kit.accounts.errors import ForbiddenError, UnauthenticatedError
from slipway_kit.fastapi.session import SessionDep
from slipway_kit.tokens import Claims

from ..dependencies import ServiceConnection
from ..users.models import User
from .services import AuthServices
from .sessions import active_user

USER_ERRORS = (UnauthenticatedError,)
"""The errors of an endpoint for users, for the OpenAPI schema."""

ADMIN_ERRORS = (UnauthenticatedError, ForbiddenError)
"""The errors of an endpoint for administrators, for the OpenAPI schema."""


class _Scheme(OAuth2PasswordBearer):
    async def __call__(self, connection: HTTPConnection) -> str | None:
        """Return the header; unlike the framework's own, of a WebSocket's handshake, too."""
        return connection.headers.get("Authorization")


_scheme = _Scheme(
    tokenUrl="/api/v1/auth/login",
    scheme_name="Account",
    description="The access token of a login, valid for minutes.",
    auto_error=False,  # the service has an error of its own
)


def get_auth_services(connection: ServiceConnection) -> AuthServices:
    """Return what the work on accounts needs."""
    return connection.state["accounts"]


AuthServicesDep = Annotated[AuthServices, Depends(get_auth_services)]


async def _signed_claims(
    connection: ServiceConnection,
    services: AuthServicesDep,
    _: Annotated[str | None, Depends(_scheme)],
) -> Claims:
    claims: Claims | None = connection.scope["state"].get("claims")
    if claims is None or await services.denied.denies(claims.token_id):
        raise UnauthenticatedError
    return claims


_SignedClaims = Annotated[Claims, Depends(_signed_claims)]


async def get_current_user(claims: _SignedClaims, session: SessionDep) -> User:
    """Return the authenticated user.

    Raises:
        UnauthenticatedError: The token is missing, invalid, expired or revoked.
    """
    # One query, at each request: a logout or a deletion takes effect at once, and a role
    # is today's.
    user = await active_user(session, claims.session_id)
    if user is None or user.id != claims.user_id:
        raise UnauthenticatedError
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]
"""The authenticated user."""


async def get_current_claims(claims: _SignedClaims, _: CurrentUser) -> Claims:
    """Return the claims of a token whose user exists."""
    return claims


CurrentClaims = Annotated[Claims, Depends(get_current_claims)]
"""The claims of the authenticated user's access token."""


async def get_current_admin(user: CurrentUser) -> User:
    """Return the authenticated administrator.

    Raises:
        ForbiddenError: The user is not an administrator.
    """
    if not user.is_admin:
        raise ForbiddenError
    return user


CurrentAdmin = Annotated[User, Depends(get_current_admin)]
"""The authenticated administrator."""
