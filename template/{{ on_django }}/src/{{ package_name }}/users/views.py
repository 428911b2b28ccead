"""The users API."""

from collections.abc import Callable
from http import HTTPStatus
from operator import attrgetter

import orjson
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from slipway_kit.accounts.errors import LastAdminError, WrongPasswordError
from slipway_kit.accounts.purposes import Purpose
from slipway_kit.accounts.user_errors import EmailTakenError, UnverifiedError, UserNotFoundError
from slipway_kit.django.openapi import error_responses
from slipway_kit.django.pagination import part_of
from slipway_kit.django.pydantic_views import (
    body_of,
    examples,
    identifier,
    identifier_of,
    json_response,
    query_of,
    query_parameters,
)
from slipway_kit.django.resources import wait_for
from slipway_kit.django.routes import scope_of
from slipway_kit.django.service_views import ServiceView
from slipway_kit.problems import UnavailableError
from slipway_kit.rate_limiting import count, refusal

from ..auth.current import IsAdmin, IsUser, user_of
from ..auth.email_tokens import drop_tokens
from ..auth.passwords import new_reset, post_reset, require_password
from ..auth.registration import request_move
from ..auth.sessions import end_all_sessions, end_sessions
from ..settings import Settings
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

USER_ID = identifier("user_id", "The user's identifier.")
_NO_OBJECT = (orjson.JSONDecodeError, TypeError)
# A change of the email tests a password, and sends an email to any address.
_MOVE_LIMITS = (attrgetter("rate_limit_login"), attrgetter("rate_limit_reset"))


def _count(request: Request, limit: Callable[[Settings], str]) -> None:
    scope = scope_of(request)
    result = wait_for(count(scope, limit))
    if result is not None and not result.allowed:
        raise refusal(result)


def _shown(user: User, status: int = HTTPStatus.OK, **headers: str) -> HttpResponse:
    return json_response(UserRead.model_validate(user), status, headers)


class UserListView(ServiceView):
    """All users."""

    permission_classes = (IsAdmin,)
    hashing = frozenset({"POST"})

    @extend_schema(
        operation_id="create_user",
        summary="Create a user",
        tags=["users"],
        request=UserCreate,
        examples=examples(CREATE_EXAMPLES),
        responses={201: UserRead},
    )
    @error_responses(UnavailableError, EmailTakenError)
    def post(self, request: Request) -> HttpResponse:
        """Make an account for someone. For administrators.

        Without a password, a mail invites the user to choose one; its token holds as long as that
        of a reset. The address counts as verified. The Location header says where the user is.
        """
        data = body_of(UserCreate, request)
        services = self.state["accounts"]
        given = data.password
        user = User(email=data.email, name=data.name, verified_at=now())
        user.set_role(data.role)
        user.set_password(given.get_secret_value() if given else None)
        with transaction.atomic():
            service.create_user(user_of(request), user)
            if given is None:
                post_reset(services, "invitation", user.email, new_reset(services, user))
        return _shown(user, HTTPStatus.CREATED, Location=f"{request.path}/{user.pk}")

    @extend_schema(
        operation_id="list_users",
        summary="List users",
        tags=["users"],
        parameters=query_parameters(UserQuery),
        responses={200: UserPage},
    )
    @error_responses(UnavailableError)
    def get(self, request: Request) -> HttpResponse:
        """Return one page of users, filtered and sorted. For administrators.

        Deleted users are listed where `deleted` asks for them. A page behind the last one is empty.
        """
        query = query_of(UserQuery, request)
        found, total = part_of(service.matching_users(query), query)
        users = [UserRead.model_validate(user) for user in found]
        return json_response(UserPage.of(users, total, query))


class UserView(ServiceView):
    """One user."""

    @staticmethod
    def hashing(request: HttpRequest) -> bool:  # type: ignore[override] # which lets it
        """Return whether a password is to be compared: it is given with another address."""
        if request.method != "PATCH":
            return False
        try:
            return "current_password" in orjson.loads(request.body)
        except _NO_OBJECT:
            return False

    def get_permissions(self) -> list[BasePermission]:
        """Return the permissions: users see and change themselves."""
        return [IsAdmin() if self.request.method == "DELETE" else IsUser()]

    @extend_schema(
        operation_id="read_user",
        summary="Read a user",
        tags=["users"],
        parameters=[USER_ID],
        responses={200: UserRead},
    )
    @error_responses(UnavailableError, UserNotFoundError)
    def get(self, request: Request, user_id: str) -> HttpResponse:
        """Return a user: any for administrators, for others themselves.

        For other clients a user does not exist (404), so that they cannot see who has an account.
        """
        wanted = identifier_of("user_id", user_id)
        return _shown(service.read_user(user_of(request), wanted))

    @extend_schema(
        operation_id="update_user",
        summary="Change a user",
        tags=["users"],
        parameters=[USER_ID],
        request=UserUpdate,
        examples=examples(UPDATE_EXAMPLES),
        responses={200: UserRead},
    )
    @error_responses(UnavailableError, WrongPasswordError, UserNotFoundError, EmailTakenError)
    def patch(self, request: Request, user_id: str) -> HttpResponse:
        """Change the fields that are given: of any user for administrators, else of oneself.

        Another address of one's own needs `current_password`, and takes the old one's place when
        the token of the mail that goes there has come back (`/auth/verify-email`). Until then, and
        if the address has an account already, the response shows the old one.
        """
        wanted, data = identifier_of("user_id", user_id), body_of(UserUpdate, request)
        services, caller = self.state["accounts"], user_of(request)
        user = service.read_user(caller, wanted)
        changes = data.model_dump(include={"name", "email"}, exclude_unset=True)
        name, email = changes.get("name"), changes.get("email", user.email)
        moves = email != user.email
        if moves and user.pk == caller.pk:
            for limit in _MOVE_LIMITS:
                _count(request, limit)
            given = data.current_password
            password = given.get_secret_value() if given else None
            require_password(user, password, request._request)  # noqa: SLF001 -- Django's own
            with transaction.atomic():
                service.update_user(caller, user, name=name)
            request_move(services, user, email)
            return _shown(user)
        with transaction.atomic():
            service.update_user(caller, user, name=name, email=email)
            if moves:
                drop_tokens(user, *Purpose)
        return _shown(user)

    @extend_schema(
        operation_id="delete_user",
        summary="Delete a user",
        tags=["users"],
        parameters=[USER_ID],
        responses={204: None},
    )
    @error_responses(UnavailableError, UserNotFoundError, LastAdminError)
    def delete(self, request: Request, user_id: str) -> Response:
        """Delete a user and revoke the tokens at once; it can be restored. For administrators.

        The last administrator stays (409); a user who was deleted before is 404.
        """
        wanted, admin = identifier_of("user_id", user_id), user_of(request)
        with transaction.atomic():
            user = service.read_user(admin, wanted)
            service.delete_user(admin, user)
            drop_tokens(user, *Purpose)
            end_sessions(self.state["accounts"], user.pk)
        return Response(status=HTTPStatus.NO_CONTENT)


class RoleView(ServiceView):
    """A user's role."""

    permission_classes = (IsAdmin,)

    @extend_schema(
        operation_id="change_role",
        summary="Change a user's role",
        tags=["users"],
        parameters=[USER_ID],
        request=RoleChange,
        examples=examples(ROLE_EXAMPLES),
        responses={200: UserRead},
    )
    @error_responses(UnavailableError, UserNotFoundError, UnverifiedError, LastAdminError)
    def put(self, request: Request, user_id: str) -> HttpResponse:
        """Give a user another role, from the next request on. For administrators.

        The last administrator stays one (409), and nobody becomes one whose address was not
        verified where that is required (409).
        """
        wanted, role = identifier_of("user_id", user_id), body_of(RoleChange, request).role
        admin = user_of(request)
        with transaction.atomic():
            user = service.read_user(admin, wanted)
            if self.state["accounts"].settings.email_verification_required:
                service.check_promotion(user, role)
            service.change_role(admin, user, role)
        return _shown(user)


class UserSessionsView(ServiceView):
    """A user's sessions."""

    permission_classes = (IsAdmin,)

    @extend_schema(
        operation_id="end_user_sessions",
        summary="End a user's sessions",
        tags=["users"],
        parameters=[USER_ID],
        responses={204: None},
    )
    @error_responses(UnavailableError, UserNotFoundError)
    def delete(self, request: Request, user_id: str) -> Response:
        """End all sessions of a user, who has to log in again. For administrators."""
        wanted, admin = identifier_of("user_id", user_id), user_of(request)
        end_all_sessions(self.state["accounts"], admin, service.read_user(admin, wanted))
        return Response(status=HTTPStatus.NO_CONTENT)


class RestoreView(ServiceView):
    """A deleted user."""

    permission_classes = (IsAdmin,)

    @extend_schema(
        operation_id="restore_user",
        summary="Restore a user",
        tags=["users"],
        parameters=[USER_ID],
        request=None,
        responses={200: UserRead},
    )
    @error_responses(UnavailableError, UserNotFoundError)
    def post(self, request: Request, user_id: str) -> HttpResponse:
        """Restore a deleted user, who has to log in again. For administrators."""
        wanted, admin = identifier_of("user_id", user_id), user_of(request)
        with transaction.atomic():
            user = service.read_user(admin, wanted)
            service.restore_user(admin, user)
        return _shown(user)
