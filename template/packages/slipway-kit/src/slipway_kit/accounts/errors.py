"""The errors of authentication and authorization."""

from collections.abc import Mapping

from ..problems import ConflictError, Header, NotFoundError, ServiceError

CHALLENGE: Mapping[str, Header] = {
    "WWW-Authenticate": {
        "description": "How to authenticate (RFC 6750).",
        "schema": {"type": "string", "const": "Bearer"},
    }
}


class UnauthenticatedError(ServiceError):
    """The request has no valid access token."""

    status = 401
    code = "UNAUTHENTICATED"
    detail = "Log in, and send the access token as Authorization: Bearer."
    documented_headers = CHALLENGE

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class InvalidCredentialsError(UnauthenticatedError):
    """Wrong email or password, or an unverified email: the response does not reveal which."""

    code = "INVALID_CREDENTIALS"
    detail = "The email or the password is wrong, or the email has not been verified yet."


class InvalidRefreshTokenError(UnauthenticatedError):
    """The refresh token was used before, has expired, or is unknown."""

    code = "INVALID_REFRESH_TOKEN"
    detail = "The refresh token is invalid or expired. Log in again."


class InvalidEmailTokenError(ServiceError):
    """The token of an email was used before, has expired, or is unknown."""

    status = 400
    code = "INVALID_TOKEN"
    detail = "The token is invalid or expired. Request a new email."


class WrongPasswordError(ServiceError):
    """The current password is required, and was wrong or missing."""

    status = 403
    code = "WRONG_PASSWORD"
    detail = "Send your current password as current_password."


class ForbiddenError(ServiceError):
    """The user lacks the permission."""

    status = 403
    code = "FORBIDDEN"
    detail = "This requires the role of an administrator."


class RegistrationClosedError(ServiceError):
    """The settings disable registration."""

    status = 403
    code = "REGISTRATION_CLOSED"
    detail = "Only administrators can create accounts."


class SessionNotFoundError(NotFoundError):
    """The user has no such session, or it is over."""

    code = "SESSION_NOT_FOUND"
    detail = "There is no active session with this identifier."


class LastAdminError(ConflictError):
    """The change would remove the last administrator."""

    code = "LAST_ADMIN"
    detail = "This is the last administrator. Create another one first."
