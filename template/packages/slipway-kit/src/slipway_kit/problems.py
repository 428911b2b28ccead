"""Errors as the client sees them: problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar

from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100
"""How many validation errors a response names: a body of 1 MiB can have 70,000."""

Header = Mapping[str, Any]
"""How OpenAPI describes a header."""

RETRY_AFTER: Mapping[str, Header] = {
    "Retry-After": {
        "description": "Whole seconds to wait before the request is tried again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}

STATUSES: Mapping[int, tuple[str, str]] = {
    400: ("BAD_REQUEST", "Bad Request"),
    401: ("UNAUTHORIZED", "Unauthorized"),
    403: ("FORBIDDEN", "Forbidden"),
    404: ("NOT_FOUND", "Not Found"),
    405: ("METHOD_NOT_ALLOWED", "Method Not Allowed"),
    406: ("NOT_ACCEPTABLE", "Not Acceptable"),
    408: ("REQUEST_TIMEOUT", "Request Timeout"),
    409: ("CONFLICT", "Conflict"),
    413: ("CONTENT_TOO_LARGE", "Content Too Large"),
    415: ("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type"),
    422: ("VALIDATION_FAILED", "Unprocessable Content"),
    429: ("RATE_LIMITED", "Too Many Requests"),
    431: ("HEADERS_TOO_LARGE", "Request Header Fields Too Large"),
    500: ("INTERNAL_ERROR", "Internal Server Error"),
    503: ("UNAVAILABLE", "Service Unavailable"),
}
"""Status code to the code and title of a problem that has no more special ones (RFC 9110)."""


class FieldError(BaseModel):
    """One error in a request. It never contains the rejected value, which may be a secret."""

    loc: list[str | int] = Field(description="Where it is: body, query or path, then the names.")
    msg: str = Field(description="What is wrong, for people.")
    type: str = Field(description="What is wrong, for programs.")


class Problem(BaseModel):
    """An error, as problem details (RFC 9457) with this service's additions."""

    type: str = Field(description="A URI for the kind of problem; about:blank where code says it.")
    title: str = Field(description="The kind of problem, for people; the same each time.")
    status: int = Field(description="The HTTP status code.", ge=400, le=599)
    detail: str = Field(description="What went wrong this time, for people.")
    instance: str = Field(description="The path of the request.")
    code: str = Field(description="The kind of problem, for programs.", pattern="^[A-Z][A-Z0-9_]*$")
    correlation_id: str = Field(description="The request's identifier, to quote in a report.")
    timestamp: datetime = Field(description="When it happened (UTC).")
    errors: list[FieldError] | None = Field(
        default=None, description="The errors of a request that failed validation."
    )
    context: Any = Field(default=None, description="More about this error, for programs.")


class ServiceError(Exception):
    """An error that clients receive; subclasses set status, code and detail.

    The OpenAPI schema describes an error with these, and with the headers of its responses.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL_ERROR"
    detail: ClassVar[str] = "The service failed to respond to this request."
    documented_headers: ClassVar[Mapping[str, Header]] = {}

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None):
        super().__init__(detail or self.detail)
        self.headers = headers


class UnreadableBodyError(ServiceError):
    """The body ends early, or cannot be read."""

    status = 400
    code = "BAD_REQUEST"
    detail = "There was an error parsing the body"


class NotFoundError(ServiceError):
    """The resource does not exist, or not for this user."""

    status = 404
    code = "NOT_FOUND"
    detail = "There is nothing here."


class BodyTimeoutError(ServiceError):
    """The body did not arrive in time."""

    status = 408
    code = "REQUEST_TIMEOUT"
    detail = "The body did not arrive in time."


class ConflictError(ServiceError):
    """The request contradicts the present state."""

    status = 409
    code = "CONFLICT"
    detail = "The request contradicts the present state."


class BodyTooLargeError(ServiceError):
    """The body is larger than the service reads."""

    status = 413
    code = "CONTENT_TOO_LARGE"
    detail = "The body is larger than the service accepts."


class MediaTypeError(ServiceError):
    """The body is of a media type that the endpoint does not take."""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"
    detail = "The body must be JSON. Send it with Content-Type: application/json."


class InvalidRequestError(ServiceError):
    """The request does not fit the endpoint's parameters or body."""

    status = 422
    code = "VALIDATION_FAILED"
    detail = "The request is invalid; see errors."


class UnstorableValueError(InvalidRequestError):
    """A value that passed validation cannot be stored."""

    detail = "A value is out of the range of its field, or has a character that cannot be stored."


class RateLimitedError(ServiceError):
    """The client sent too many requests."""

    status = 429
    code = "RATE_LIMITED"
    detail = "Too many requests. Wait the seconds of Retry-After."
    documented_headers = RETRY_AFTER


class UnavailableError(ServiceError):
    """A dependency of the service is unavailable; the same request may work later."""

    status = 503
    code = "UNAVAILABLE"
    detail = "The service cannot respond to this request right now. Try again."
    documented_headers = RETRY_AFTER


def kind_of(status: int) -> tuple[str, str]:
    """Return the code and the title of a status that an error has no more special ones for."""
    if status in STATUSES:
        return STATUSES[status]
    return "HTTP_ERROR", HTTPStatus(status).phrase if status in HTTPStatus else "Error"


def describe(
    status: int,
    detail: Any,
    *,
    instance: str,
    correlation_id: str,
    code: str | None = None,
    errors: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the body of a problem.

    Args:
        status: The HTTP status code.
        detail: A sentence for people; it must not quote secrets or internals. What is no text, like
            the dict of an HTTPException, becomes the member `context`.
        instance: The path of the request.
        correlation_id: The request's identifier.
        code: The machine-readable kind, if there is one more special than the status's.
        errors: Validation errors, each with loc, msg and type; the first of very many.
    """
    status_code, title = kind_of(status)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail if isinstance(detail, str) else title,
        "instance": instance,
        "code": code or status_code,
        "correlation_id": correlation_id,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if not isinstance(detail, str):
        body["context"] = detail
    if errors is not None:
        body["errors"] = errors[:MOST_ERRORS]
    return body


def example(error: type[ServiceError]) -> dict[str, Any]:
    """Return the body of an error as documents show it, with an identifier and a moment made up."""
    body = describe(
        error.status,
        error.detail,
        code=error.code,
        instance="/",
        correlation_id="6f1c1c0e-6b0e-4b7e-9a51-2f4d3c8a9b10",
    )
    return body | {"timestamp": "2027-01-15T09:30:00.000Z"}
