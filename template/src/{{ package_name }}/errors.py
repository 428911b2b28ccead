"""Every error of the framework and of the service, answered as a problem."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from .core.correlation import correlation_id
from .core.problems import (
    MEDIA_TYPE,
    STATUSES,
    InvalidRequestError,
    MediaTypeError,
    ServiceError,
    describe,
    example,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
Documentation = dict[int | str, dict[str, Any]]


def problem_response(
    request: Request,
    status: int,
    detail: str,
    *,
    code: str | None = None,
    errors: Sequence[Mapping[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem as a response to the request."""
    body = describe(
        status,
        detail,
        code=code,
        errors=errors,
        instance=_reference(request),
        correlation_id=correlation_id.get(),
    )
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def _reference(request: Request) -> str:
    # As the client wrote it, escapes and all; two slashes in front would begin a host's name.
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return "/" + path.decode("ascii", "backslashreplace").lstrip("/")


def documented(*errors: type[ServiceError]) -> Documentation:
    """Return the OpenAPI entries of the errors that an endpoint can give, an example of each.

    openapi.py adds those that need no naming: 422 where there is something to validate, what can be
    wrong with a body, and 500.
    """
    entries: Documentation = {}
    for error in errors:
        entry = entries.setdefault(error.status, _empty_entry(error))
        entry["description"] += f"\n\n- `{error.code}`: {error.detail}"
        entry["headers"].update(error.documented_headers)
        shown = {"summary": error.detail, "value": example(error)}
        entry["content"][MEDIA_TYPE]["examples"][error.code] = shown
    return entries


def _empty_entry(error: type[ServiceError]) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": STATUSES[error.status][1],
        "headers": {},
        "content": {MEDIA_TYPE: {"schema": reference, "examples": {}}},
    }


async def answer_service_error(request: Request, error: ServiceError) -> Response:
    """Answer with what the error says of itself."""
    return problem_response(
        request, error.status, str(error), code=error.code, headers=error.headers
    )


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer the framework's own errors: no such route or method, an unreadable body."""
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return Response(status_code=error.status_code, headers=error.headers)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    return problem_response(request, error.status_code, str(error.detail), headers=headers)


async def answer_validation_error(request: Request, error: RequestValidationError) -> Response:
    """Answer a request that does not fit the endpoint's parameters or body."""
    faults = error.errors()
    if isinstance(error.body, bytes) and any(tuple(fault["loc"]) == ("body",) for fault in faults):
        # The framework leaves a body of another media type unread, then finds that it is no object.
        return problem_response(
            request,
            MediaTypeError.status,
            MediaTypeError.detail,
        )
    return problem_response(
        request,
        InvalidRequestError.status,
        InvalidRequestError.detail,
        errors=[{key: fault[key] for key in ("loc", "msg", "type")} for fault in faults],
    )


def _allowed_methods(request: Request) -> list[str]:
    # The framework names the methods of the first route with this path only (RFC 9110, 15.5.6).
    return [
        method
        for method in METHODS
        if any(
            route.matches(dict(request.scope, method=method))[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.exception_handler(ServiceError)(answer_service_error)
    app.exception_handler(HTTPException)(answer_http_exception)
    app.exception_handler(RequestValidationError)(answer_validation_error)
