"""Handlers that turn errors of Django, its REST framework and the service into problem details."""

from __future__ import annotations

import logging
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from rest_framework import exceptions

from ..correlation import correlation_id
from ..problems import (
    MEDIA_TYPE,
    InvalidRequestError,
    MediaTypeError,
    NotFoundError,
    RateLimitedError,
    ServiceError,
    UnavailableError,
    UnstorableValueError,
    describe,
)
from ..responses import reference
from .resources import loop_of_request
from .routes import scope_of

if TYPE_CHECKING:  # it looks for this module by its name while it is loaded
    from rest_framework.views import APIView

RETRY_AFTER_SECONDS = 5
DIVISION_BY_ZERO = "22012"
"""The one SQLSTATE of refused values (class 22) that is an error of the query itself."""

logger = logging.getLogger(__name__)


class QueryError(exceptions.ValidationError):
    """The query does not fit what the endpoint takes."""

    place = "query"


class PathError(exceptions.ValidationError):
    """A part of the path does not fit what the endpoint takes."""

    place = "path"


def problem(
    request: HttpRequest,
    status: int,
    detail: Any,
    *,
    code: str | None = None,
    errors: Sequence[Mapping[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Return a problem as a response to the request."""
    body = describe(
        status,
        detail,
        code=code,
        errors=errors,
        instance=reference(scope_of(request)),
        correlation_id=correlation_id.get(),
    )
    return HttpResponse(
        orjson.dumps(body), content_type=MEDIA_TYPE, status=status, headers=dict(headers or {})
    )


def handle_exception(  # noqa: PLR0911 -- one for each kind
    error: Exception, context: Mapping[str, Any]
) -> HttpResponse | None:
    """Respond to an exception of a view; None for unexpected ones, which the middleware handles."""
    request: HttpRequest = context["request"]._request  # noqa: SLF001 -- Django's own
    view: APIView = context["view"]
    _set_rollback()
    match error:
        case ServiceError():
            return handle_service_error(request, error)
        case OperationalError() | InterfaceError():
            return handle_database_error(request, error)
        case DataError() | OverflowError() if _is_refused_value(error):
            return handle_refused_value(request, error)
        case exceptions.ValidationError():
            return handle_validation_error(request, error)
        case exceptions.UnsupportedMediaType():
            return problem(request, MediaTypeError.status, _wanted(view))
        case exceptions.MethodNotAllowed():
            return handle_not_allowed(request, ", ".join(view.allowed_methods))
        case exceptions.Throttled():
            return handle_throttled(request, error, view)
        case exceptions.APIException():
            return handle_api_exception(request, error)
        case Http404():
            return handle_not_found(request, error)
        case _:
            return None


def _set_rollback() -> None:
    """Undo what a request has written that gets an error, where ATOMIC_REQUESTS is on."""
    from rest_framework.views import set_rollback  # noqa: PLC0415 -- that module loads this one

    set_rollback()


def handle_service_error(request: HttpRequest, error: ServiceError) -> HttpResponse:
    """Respond with the error's problem details."""
    return problem(request, error.status, str(error), code=error.code, headers=error.headers)


def handle_api_exception(request: HttpRequest, error: exceptions.APIException) -> HttpResponse:
    """Respond to one of the REST framework's own errors."""
    challenge = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return problem(request, error.status_code, error.detail, headers=headers)


def handle_throttled(
    request: HttpRequest, error: exceptions.Throttled, view: APIView
) -> HttpResponse:
    """Respond to a request beyond a limit of the REST framework's own, as to one beyond ours."""
    wait = max(1, math.ceil(error.wait or 0))  # type: ignore[attr-defined] # the stubs lack it
    state = scope_of(request)["state"]
    if (result := state.get("rate_limit_result")) is not None:
        theirs = [getattr(each, "num_requests", None) for each in view.get_throttles()]
        state["rate_limit_result"] = result._replace(
            limit=min(filter(None, theirs), default=result.limit), remaining=0, reset=wait
        )
    return handle_service_error(request, RateLimitedError(headers={"Retry-After": str(wait)}))


def handle_validation_error(
    request: HttpRequest, error: exceptions.ValidationError
) -> HttpResponse:
    """Respond to a request that does not fit the endpoint's parameters or body."""
    place = getattr(error, "place", "body")
    position = getattr(error, "position", None)
    loc = [place] if position is None else [place, position]
    errors = getattr(error, "errors", None) or list(_field_errors(error.get_full_details(), loc))
    return problem(request, InvalidRequestError.status, InvalidRequestError.detail, errors=errors)


def _field_errors(details: Any, loc: list[str | int]) -> Iterator[dict[str, Any]]:
    """Yield the errors of a validation as the service shows them, without the rejected values."""
    match details:
        case {"message": str(message), "code": str(code)}:
            yield {"loc": loc, "msg": str(message), "type": code}
        case Mapping():
            for name, inner in details.items():
                yield from _field_errors(inner, loc if name == "non_field_errors" else [*loc, name])
        case [*inner]:
            is_list_of_entries = any("message" not in each for each in inner)
            for number, each in enumerate(inner):
                yield from _field_errors(each, [*loc, number] if is_list_of_entries else loc)


def handle_database_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Respond that the service cannot do this now; the log has the reason."""
    if _is_programming_error(error):
        raise error
    logger.error("The database does not respond: %s", type(error).__name__, exc_info=error)
    return problem(
        request,
        UnavailableError.status,
        "The database does not respond right now. Try again.",
        code=UnavailableError.code,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _is_programming_error(error: Exception) -> bool:
    # SQLite has one class for a file that cannot be opened and for a table that is not there, as
    # before the first migration; only the first can recover by itself.
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_ERROR


def _is_refused_value(error: Exception) -> bool:
    if isinstance(error, DataError):
        return getattr(error.__cause__, "sqlstate", None) != DIVISION_BY_ZERO
    # SQLite's driver raises Python's own error for a number of more than 64 bits.
    return isinstance(error, OverflowError) and "SQLite" in str(error)


def handle_refused_value(request: HttpRequest, error: Exception) -> HttpResponse:
    """Respond that a value of the request cannot be stored or compared; the log has the query."""
    kind = type(error.__cause__ or error).__name__
    logger.warning("The database refuses a value: %s", kind, exc_info=error)
    return handle_service_error(request, UnstorableValueError())


def _wanted(view: APIView) -> str:
    wanted = [parser.media_type for parser in view.parser_classes]
    if any("json" in media_type for media_type in wanted):
        return MediaTypeError.detail
    return f"The body must be {' or '.join(wanted)}."


def handle_not_allowed(request: HttpRequest, allow: str) -> HttpResponse:
    """Respond that a path does not take this method.

    Args:
        request: The request.
        allow: The methods that it takes, with commas between them.
    """
    return problem(request, 405, "Method Not Allowed", headers={"Allow": allow})


def handle_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond that there is nothing at this path."""
    del exception
    return problem(request, NotFoundError.status, "Not Found")


def handle_refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond that this caller may not do this."""
    del exception
    return problem(request, 403, "This is not allowed.")


def handle_suspicious(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a request that Django does not trust; its log has the reason."""
    del exception
    return problem(request, 400, "The request is malformed.")


class ProblemMiddleware:
    """Turns what Django itself responds or raises into problems; its outermost middleware.

    An unhandled exception goes on to the service's own middleware, which reports it and responds
    (slipway_kit.asgi.errors). Under Django's own handlers there is only this one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a request."""
        try:
            response = self._get_response(request)
        except Exception as error:
            is_of_database = isinstance(error, OperationalError | InterfaceError)
            if is_of_database and not _is_programming_error(error):
                return handle_database_error(request, error)
            if _is_refused_value(error):
                return handle_refused_value(request, error)
            if loop_of_request.get(None) is not None:
                raise
            logger.exception("Unhandled error")
            return problem(request, ServiceError.status, ServiceError.detail)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return handle_not_allowed(request, response["Allow"])
        return response
