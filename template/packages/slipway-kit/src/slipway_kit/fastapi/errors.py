"""Handlers that turn errors of the framework and the service into problem details."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount

from slipway_kit import responses
from slipway_kit.openapi import Documentation, documented
from slipway_kit.problems import (
    MOST_ERRORS,
    InvalidRequestError,
    MediaTypeError,
    ServiceError,
    UnreadableBodyError,
)
from slipway_kit.responses import handle_service_error, problem_response

from .rate_limit import count_request
from .routes import starlette_routes

__all__ = [
    "Documentation",
    "documented",
    "handle_http_exception",
    "handle_service_error",
    "handle_validation_error",
    "install",
    "problem_response",
]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


async def handle_http_exception(request: Request, error: HTTPException) -> Response:
    """Respond to the framework's own errors: no such route or method, an unreadable body."""
    if refused := await _refused(request):
        return refused
    if _is_unreadable_json(request, error):
        broken = {"loc": ["body"], "msg": "JSON decode error", "type": "json_invalid"}
        return problem_response(
            request, InvalidRequestError.status, InvalidRequestError.detail, errors=[broken]
        )
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        error.headers = {**(error.headers or {}), "Allow": ", ".join(_allowed_methods(request))}
    return await responses.handle_http_exception(request, error)


async def handle_validation_error(request: Request, error: RequestValidationError) -> Response:
    """Respond to a request that does not fit the endpoint's parameters or body."""
    if refused := await _refused(request):
        return refused
    errors = error.errors()[:MOST_ERRORS]
    if isinstance(error.body, bytes) and any(tuple(each["loc"]) == ("body",) for each in errors):
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
        errors=[{key: each[key] for key in ("loc", "msg", "type")} for each in errors],
    )


async def _refused(request: Request) -> Response | None:
    # FastAPI reads a body before it runs dependencies, so that one it cannot read was not counted.
    try:
        await count_request(request.scope)
    except ServiceError as error:
        return await handle_service_error(request, error)
    return None


def _is_unreadable_json(request: Request, error: HTTPException) -> bool:
    # Of what json.loads raises, the framework takes one for an invalid request, and the rest for
    # errors of its own, as those of forms.
    return (
        error.detail == UnreadableBodyError.detail
        and isinstance(error.__cause__, ValueError | RecursionError)
        and "json" in request.headers.get("content-type", "").lower()
    )


def _allowed_methods(request: Request) -> list[str]:
    # The framework names the methods of the first route with this path only (RFC 9110, 15.5.6).
    allowed = {
        method
        for method in METHODS
        if any(
            route.matches(dict(request.scope, method=method))[0] is Match.FULL
            for route in request.app.routes
        )
    }
    if "GET" in allowed:
        allowed.add("HEAD")
    return [method for method in METHODS if method in allowed]


def install_in_mounts(routes: Sequence[BaseRoute], *others: Callable[[FastAPI], None]) -> None:
    """Make every error of mounted FastAPI applications a problem, too.

    Args:
        routes: The routes of the application.
        others: Add further handlers to an application.
    """
    for route in starlette_routes(routes):
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            for each in (install, *others):
                each(route.app)
            route.app.exception_handler(Exception)(handle_unhandled_error)


async def handle_unhandled_error(request: Request, error: Exception) -> Response:
    """Respond to an error of a mounted application; it goes on, to be logged and reported."""
    del error
    return problem_response(request, ServiceError.status, ServiceError.detail)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.exception_handler(ServiceError)(handle_service_error)
    app.exception_handler(HTTPException)(handle_http_exception)
    app.exception_handler(RequestValidationError)(handle_validation_error)
