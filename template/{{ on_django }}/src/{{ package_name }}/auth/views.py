"""The accounts API."""

from http import HTTPStatus
from operator import attrgetter

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from slipway_kit.accounts.errors import (
    InvalidCredentialsError,
    InvalidEmailTokenError,
    InvalidRefreshTokenError,
    RegistrationClosedError,
    SessionNotFoundError,
    WrongPasswordError,
)
from slipway_kit.accounts.login import JSON, InvalidLoginError, read_login
from slipway_kit.accounts.schemas import (
    CHANGE_EXAMPLES,
    LOGIN_EXAMPLES,
    MAILING_EXAMPLES,
    REFRESH_EXAMPLES,
    REGISTRATION_EXAMPLES,
    RESET_EXAMPLES,
    VERIFICATION_EXAMPLES,
    Accepted,
    Login,
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
from slipway_kit.django.openapi import error_responses
from slipway_kit.django.pagination import part_of
from slipway_kit.django.pydantic_views import (
    InvalidDataError,
    body_of,
    examples,
    identifier,
    identifier_of,
    json_response,
    query_of,
    query_parameters,
)
from slipway_kit.django.service_views import ServiceView
from slipway_kit.pagination import PageQuery
from slipway_kit.problems import UnavailableError
from slipway_kit.rate_limiting import address_and_route

from ..users.roles import Role
from ..users.schemas import UserRead
from . import passwords, registration, sessions
from .current import IsUser, claims_of, user_of
from .schemas import TokenReport

_REGISTERED = Accepted(detail="Check your inbox for an email with the next steps.")
_MAILED = Accepted(detail="If the address has an account that needs it, an email was sent.")
_NO_CONTENT = HTTPStatus.NO_CONTENT


class GuessedView(ServiceView):
    """A view with passwords or tokens: it limits by address, as an attacker may have accounts."""

    permission_classes: tuple[type[BasePermission], ...] = (AllowAny,)
    throttle_identifier = staticmethod(address_and_route)


class RegisterView(GuessedView):
    """New accounts."""

    throttle_limit = attrgetter("rate_limit_register")
    hashing = frozenset({"POST"})

    @extend_schema(
        operation_id="register",
        summary="Register",
        tags=["auth"],
        request=Registration,
        examples=examples(REGISTRATION_EXAMPLES),
        responses={202: Accepted},
    )
    @error_responses(UnavailableError, RegistrationClosedError)
    def post(self, request: Request) -> HttpResponse:
        """Create an account; an emailed token activates it.

        The response is the same for an email that has an account already; its owner gets an email.
        So a client cannot find out which emails have an account.
        """
        data = body_of(Registration, request)
        services = self.state["accounts"]
        if not services.settings.registration_enabled:
            raise RegistrationClosedError
        password = data.password.get_secret_value()
        registration.register(services, data.email, data.name, password)
        return json_response(_REGISTERED, HTTPStatus.ACCEPTED)


class VerifyEmailView(GuessedView):
    """Addresses that come to be known."""

    throttle_limit = attrgetter("rate_limit_reset")

    @extend_schema(
        operation_id="verify_email",
        summary="Verify an email",
        tags=["auth"],
        request=Verification,
        examples=examples(VERIFICATION_EXAMPLES),
        responses={204: None},
    )
    @error_responses(UnavailableError, InvalidEmailTokenError)
    def post(self, request: Request) -> Response:
        """Show that an address is the account's, with the token that was mailed to it.

        A token is of a single use, and holds for a day by default. Where the address was registered
        several times, with different passwords, none of them counts: a mail brings a token to
        choose one (`/auth/reset-password`). Another address of a user takes the old one's place.
        """
        registration.verify(self.state["accounts"], body_of(Verification, request).token)
        return Response(status=_NO_CONTENT)


class RequestVerificationView(GuessedView):
    """Further verification mails."""

    throttle_limit = attrgetter("rate_limit_reset")

    @extend_schema(
        operation_id="request_verification",
        summary="Send another verification token",
        tags=["auth"],
        request=Mailing,
        examples=examples(MAILING_EXAMPLES),
        responses={202: Accepted},
    )
    @error_responses(UnavailableError)
    def post(self, request: Request) -> HttpResponse:
        """Send a token to an unverified email; the response is always the same."""
        email = body_of(Mailing, request).email
        registration.request_verification(self.state["accounts"], email)
        return json_response(_MAILED, HTTPStatus.ACCEPTED)


class LoginView(GuessedView):
    """Logins."""

    throttle_limit = attrgetter("rate_limit_login")
    hashing = frozenset({"POST"})

    # The form is what the security scheme's flow documents, and no second body here: generators of
    # clients would make one method of both.
    @extend_schema(
        operation_id="log_in",
        summary="Log in",
        tags=["auth"],
        request={JSON: Login},
        examples=examples(LOGIN_EXAMPLES),
        responses={200: TokenPair},
    )
    @error_responses(UnavailableError, InvalidCredentialsError)
    def post(self, request: Request) -> HttpResponse:
        """Open a session with email and password.

        - The **access token** authenticates requests for minutes: `Authorization: Bearer ...`.
        - The **refresh token** is exchanged for the next pair, once; a reuse revokes the session.

        The form of OAuth 2.0 is accepted as well (RFC 6749, section 4.3.2), with the email as
        `username`.

        An unknown email, a wrong password and an unverified email get the same response, in the
        same time.
        """
        data = _login(request)
        password = data.password.get_secret_value()
        django = request._request  # noqa: SLF001 -- as backends and receivers of signals know it
        pair = sessions.log_in(self.state["accounts"], data.email, password, django)
        return json_response(pair)


def _login(request: Request) -> Login:
    django = request._request  # noqa: SLF001 -- Django's own, whose body no parser has read
    try:
        return read_login(django.headers.get("Content-Type", ""), django.body)
    except InvalidLoginError as error:
        raise InvalidDataError(error.errors) from None


class RefreshView(GuessedView):
    """Sessions that go on."""

    throttle_limit = attrgetter("rate_limit_refresh")

    @extend_schema(
        operation_id="refresh",
        summary="Refresh the tokens",
        tags=["auth"],
        request=Refresh,
        examples=examples(REFRESH_EXAMPLES),
        responses={200: TokenPair},
    )
    @error_responses(UnavailableError, InvalidRefreshTokenError)
    def post(self, request: Request) -> HttpResponse:
        """Go on with a session: the refresh token is taken, and a new pair is given.

        A token that comes a second time ends its session, with all tokens of it: either it was
        stolen, or a client refreshed twice at a time, which it must not.
        """
        token = body_of(Refresh, request).refresh_token
        return json_response(sessions.refresh(self.state["accounts"], token))


class VerifyTokenView(ServiceView):
    """Valid access tokens."""

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="verify_token",
        summary="Verify the access token",
        tags=["auth"],
        responses={200: TokenReport},
    )
    @error_responses(UnavailableError)
    def get(self, request: Request) -> HttpResponse:
        """Return the claims of a valid access token; else 401.

        Made for a proxy that asks whether to let a request through.
        """
        user, claims = user_of(request), claims_of(request)
        report = TokenReport(
            user_id=user.pk,
            session_id=claims.session_id,
            role=Role(user.role),
            expires_at=claims.expires_at,
        )
        return json_response(report)


class MeView(ServiceView):
    """The authenticated user."""

    throttle_limit = attrgetter("rate_limit_me")
    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="read_me",
        summary="Read one's own account",
        tags=["auth"],
        responses={200: UserRead},
    )
    @error_responses(UnavailableError)
    def get(self, request: Request) -> HttpResponse:
        """Return the authenticated user."""
        return json_response(UserRead.model_validate(user_of(request)))


class LogoutView(ServiceView):
    """Sessions that end."""

    throttle_limit = attrgetter("rate_limit_logout")
    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="log_out",
        summary="Log out",
        tags=["auth"],
        parameters=query_parameters(LogoutQuery),
        request=None,
        responses={204: None},
    )
    @error_responses(UnavailableError)
    def post(self, request: Request) -> Response:
        """End the session of the access token: its tokens are refused at once, on every worker."""
        all_ = query_of(LogoutQuery, request).all
        sessions.log_out(self.state["accounts"], claims_of(request), all_=all_)
        return Response(status=_NO_CONTENT)


class SessionListView(ServiceView):
    """A user's own sessions."""

    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="list_sessions",
        summary="List one's own sessions",
        tags=["auth"],
        parameters=query_parameters(PageQuery),
        responses={200: SessionPage},
    )
    @error_responses(UnavailableError)
    def get(self, request: Request) -> HttpResponse:
        """Return one page of the active sessions of the authenticated user, the newest first."""
        query = query_of(PageQuery, request)
        current = claims_of(request).session_id
        active = sessions.active_sessions().filter(user=user_of(request))
        found, total = part_of(active.order_by("-created_at", "pk"), query)
        shown = [SessionRead.of(each, current) for each in found]
        return json_response(SessionPage.of(shown, total, query))


class SessionView(ServiceView):
    """One of a user's own sessions."""

    throttle_limit = attrgetter("rate_limit_logout")
    permission_classes = (IsUser,)

    @extend_schema(
        operation_id="end_session",
        summary="End one of one's own sessions",
        tags=["auth"],
        parameters=[identifier("session_id", "The session's identifier.")],
        responses={204: None},
    )
    @error_responses(UnavailableError, SessionNotFoundError)
    def delete(self, request: Request, session_id: str) -> Response:
        """End a session of the authenticated user: its tokens are refused at once."""
        wanted = identifier_of("session_id", session_id)
        sessions.end_session(self.state["accounts"], user_of(request), wanted)
        return Response(status=_NO_CONTENT)


class ChangePasswordView(GuessedView):
    """Passwords that are known."""

    throttle_limit = attrgetter("rate_limit_login")
    permission_classes = (IsUser,)
    hashing = frozenset({"POST"})

    @extend_schema(
        operation_id="change_password",
        summary="Change the password",
        tags=["auth"],
        request=PasswordChange,
        examples=examples(CHANGE_EXAMPLES),
        responses={204: None},
    )
    @error_responses(UnavailableError, WrongPasswordError)
    def post(self, request: Request) -> Response:
        """Change the password, given the current one; revoke other sessions, notify the user."""
        data = body_of(PasswordChange, request)
        passwords.change(
            self.state["accounts"],
            user_of(request),
            session_id=claims_of(request).session_id,
            old=data.current_password.get_secret_value(),
            new=data.new_password.get_secret_value(),
            request=request._request,  # noqa: SLF001 -- Django's own
        )
        return Response(status=_NO_CONTENT)


class RequestResetView(GuessedView):
    """Mails for passwords that were forgotten."""

    throttle_limit = attrgetter("rate_limit_reset")

    @extend_schema(
        operation_id="request_reset",
        summary="Send a reset token",
        tags=["auth"],
        request=Mailing,
        examples=examples(MAILING_EXAMPLES),
        responses={202: Accepted},
    )
    @error_responses(UnavailableError)
    def post(self, request: Request) -> HttpResponse:
        """Send a token that resets the password; the response is the same for unknown emails."""
        passwords.request_reset(self.state["accounts"], body_of(Mailing, request).email)
        return json_response(_MAILED, HTTPStatus.ACCEPTED)


class ResetView(GuessedView):
    """Passwords that were forgotten."""

    throttle_limit = attrgetter("rate_limit_reset")
    hashing = frozenset({"POST"})

    @extend_schema(
        operation_id="reset_password",
        summary="Reset the password",
        tags=["auth"],
        request=PasswordReset,
        examples=examples(RESET_EXAMPLES),
        responses={204: None},
    )
    @error_responses(UnavailableError, InvalidEmailTokenError)
    def post(self, request: Request) -> Response:
        """Set a new password with an emailed token; revoke all sessions, notify the user."""
        data = body_of(PasswordReset, request)
        password = data.password.get_secret_value()
        django = request._request  # noqa: SLF001 -- Django's own
        passwords.reset(self.state["accounts"], data.token, password, django)
        return Response(status=_NO_CONTENT)
