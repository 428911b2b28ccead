"""Who calls, as permissions of views that read as a sentence.

Examples:
    class ReportView(ApiView):
        permission_classes = (IsAdmin,)

A view that says nothing is for users (IsUser); one that is for everyone says AllowAny.
"""

from typing import cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ..core.problems import ServiceError
from ..core.tokens import Claims
from ..handler import wait_for
from ..routes import scope_of
from ..state import state_of
from ..users.models import User
from .errors import ForbiddenError, UnauthenticatedError
from .sessions import living_sessions

SCHEME = "Account"
"""What the document calls the access token."""

SECURITY = {
    SCHEME: {
        "type": "oauth2",
        "description": "The access token of a login, valid for minutes.",
        "flows": {"password": {"scopes": {}, "tokenUrl": "/api/v1/auth/login"}},
    }
}
"""The document's security schemes."""


class AccessTokenAuthentication(BaseAuthentication):
    """Finds the user of the access token, which a layer has read (middleware/identity.py)."""

    def authenticate(self, request: Request) -> tuple[User, Claims] | None:
        """Return the user and what the token says; None for nobody known."""
        claims: Claims | None = scope_of(request)["state"].get("claims")
        if claims is None:
            return None
        if wait_for(state_of(request)["accounts"].denied.denies(claims.token_id)):
            return None
        # One question, at each request: whoever was logged out or deleted is so at once, and a
        # role is today's.
        session = living_sessions().filter(pk=claims.session_id).select_related("user").first()
        if session is None or session.user_id != claims.user_id:
            return None
        return session.user, claims

    def authenticate_header(self, request: Request) -> str:
        """Return how to say who calls; with it, permissions of the framework's own answer 401."""
        del request
        return "Bearer"


class IsUser(BasePermission):
    """Lets in whoever has logged in."""

    errors: tuple[type[ServiceError], ...] = (UnauthenticatedError,)

    def has_permission(self, request: Request, view: object) -> bool:
        """Return True.

        Raises:
            UnauthenticatedError: Nobody knows who calls.
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
            UnauthenticatedError: Nobody knows who calls.
            ForbiddenError: It is no administrator.
        """
        super().has_permission(request, view)
        if not getattr(request.user, "is_admin", False):
            raise ForbiddenError
        return True


def user_of(request: Request) -> User:
    """Return who calls, where a permission has let them in."""
    return cast("User", request.user)


def claims_of(request: Request) -> Claims:
    """Return what the access token says, where a permission has let it in."""
    return cast("Claims", request.auth)
