"""Who calls, as permissions of views that read as a sentence.

Examples:
    class ReportView(ServiceView):
        permission_classes = (IsAdmin,)

A view that says nothing is for users (IsUser); one that is for everyone says AllowAny.
"""

from typing import cast

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from slipway_kit.accounts.errors import ForbiddenError, UnauthenticatedError
from slipway_kit.django.resources import wait_for
from slipway_kit.django.routes import scope_of
from slipway_kit.problems import ServiceError
from slipway_kit.tokens import Claims

from ..request_state import state_of
from ..users.models import User
from .sessions import active_sessions

SCHEME = "Account"
"""The name of the access token in the OpenAPI schema."""

SECURITY = {
    SCHEME: {
        "type": "oauth2",
        "description": "The access token of a login, valid for minutes.",
        "flows": {"password": {"scopes": {}, "tokenUrl": "/api/v1/auth/login"}},
    }
}
"""The security schemes of the OpenAPI schema."""


class AccessTokenAuthentication(BaseAuthentication):
    """Finds the user of the access token, which IdentityMiddleware has read."""

    def authenticate(self, request: Request | HttpRequest) -> tuple[User, Claims] | None:
        """Return the user and the claims; None without a valid token."""
        claims: Claims | None = scope_of(request)["state"].get("claims")
        if claims is None:
            return None
        if wait_for(state_of(request)["accounts"].denied.denies(claims.token_id)):
            return None
        # One question, at each request: a logout or a deletion counts at once, and a
        # role is today's.
        session = active_sessions().filter(pk=claims.session_id).select_related("user").first()
        if session is None or session.user_id != claims.user_id:
            return None
        return session.user, claims

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge; with it, the framework's own permissions respond with 401."""
        del request
        return "Bearer"


class IsUser(BasePermission):
    """Allows authenticated users."""

    errors: tuple[type[ServiceError], ...] = (UnauthenticatedError,)
    scheme = SCHEME

    def has_permission(self, request: Request, view: object) -> bool:
        """Return True.

        Raises:
            UnauthenticatedError: There is no valid access token.
        """
        del view
        # Other authentication classes may set an anonymous user, or a class of their own.
        if not getattr(request.user, "is_authenticated", False):
            raise UnauthenticatedError
        return True


class IsAdmin(IsUser):
    """Lets in administrators."""

    errors = (UnauthenticatedError, ForbiddenError)

    def has_permission(self, request: Request, view: object) -> bool:
        """Return True.

        Raises:
            UnauthenticatedError: There is no valid access token.
            ForbiddenError: It is no administrator.
        """
        super().has_permission(request, view)
        if not getattr(request.user, "is_admin", False):
            raise ForbiddenError
        return True


def user_of(request: Request) -> User:
    """Return the user, if a permission has allowed the request."""
    return cast("User", request.user)


def claims_of(request: Request) -> Claims:
    """Return the claims of the access token, if a permission has allowed the request.

    Raises:
        UnauthenticatedError: The user was identified in another way, as by a cookie or a test.
    """
    if not isinstance(request.auth, Claims):
        raise UnauthenticatedError
    return request.auth
