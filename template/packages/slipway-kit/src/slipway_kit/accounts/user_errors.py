"""What can be wrong with a change of users."""

from ..problems import ConflictError, NotFoundError


class UserNotFoundError(NotFoundError):
    """The user does not exist, or not for this caller."""

    code = "USER_NOT_FOUND"
    detail = "There is no user with this identifier."


class EmailTakenError(ConflictError):
    """Another user has this email."""

    code = "EMAIL_TAKEN"
    detail = "Another user, or a deleted one, has this email."


class UnverifiedError(ConflictError):
    """The user's email is not verified."""

    code = "NOT_VERIFIED"
    detail = "The user's email has not been verified, so that anyone may have registered it."
