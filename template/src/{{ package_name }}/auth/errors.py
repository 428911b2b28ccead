"""What callers without the right token, password or role are told."""

from collections.abc import Mapping

from ..core.problems import ConflictError, Header, ServiceError

CHALLENGE: Mapping[str, Header] = {
    "WWW-Authenticate": {
        "description": "How to authenticate (RFC 6750).",
        "schema": {"type": "string", "const": "Bearer"},
    }
}


class UnauthenticatedError(ServiceError):
    """Nobody knows who calls."""

    status = 401
    code = "UNAUTHENTICATED"
    detail = "Log in, and send the access token as Authorization: Bearer."
    documented_headers = CHALLENGE

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class InvalidCredentialsError(UnauthenticatedError):
    """Wrong address or password, or an address that was not verified: nobody learns which."""

    code = "INVALID_CREDENTIALS"
    detail = "The email or the password is wrong, or the email has not been verified yet."


class InvalidRefreshTokenError(UnauthenticatedError):
    """The refresh token was used before, has ended, or never was."""

    code = "INVALID_REFRESH_TOKEN"
    detail = "The refresh token is invalid or expired. Log in again."


class InvalidMailedTokenError(ServiceError):
    """The token of a mail was used before, has ended, or never was."""

    status = 400
    code = "INVALID_TOKEN"
    detail = "The token is invalid or expired. Request a new email."


class WrongPasswordError(ServiceError):
    """The present password has to be given, and was not."""

    status = 403
    code = "WRONG_PASSWORD"
    detail = "Send your current password as current_password."


class ForbiddenError(ServiceError):
    """The caller is known and may not do this."""

    status = 403
    code = "FORBIDDEN"
    detail = "This requires the role of an administrator."


class RegistrationClosedError(ServiceError):
    """The settings let nobody make an account."""

    status = 403
    code = "REGISTRATION_CLOSED"
    detail = "Only administrators can create accounts."


class LastAdminError(ConflictError):
    """It would leave nobody to administer the service."""

    code = "LAST_ADMIN"
    detail = "This is the last administrator. Create another one first."
