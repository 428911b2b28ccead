"""Problems as responses, for what stands around the framework."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from .correlation import correlation_id
from .problems import MEDIA_TYPE, ServiceError, describe


def problem_response(
    request: HTTPConnection,
    status: int,
    detail: Any,
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
        instance=reference(request.scope),
        correlation_id=correlation_id.get(),
    )
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def reference(scope: Scope) -> str:
    """Return the path of a request as its client wrote it, escapes and all.

    Two slashes in front would begin a host's name.
    """
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return "/" + path.decode("ascii", "backslashreplace").lstrip("/")


def closing(scope: Scope) -> Mapping[str, str]:
    """Return the header that ends the connection after a response; HTTP/2 has another way."""
    return {"Connection": "close"} if scope["http_version"].startswith("1") else {}


async def handle_service_error(request: HTTPConnection, error: ServiceError) -> Response:
    """Respond with the error's problem details."""
    return problem_response(
        request, error.status, str(error), code=error.code, headers=error.headers
    )


async def handle_http_exception(request: HTTPConnection, error: HTTPException) -> Response:
    """Respond to a status that a middleware raises: a body that is too large or unreadable."""
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return Response(status_code=error.status_code, headers=error.headers)
    return problem_response(request, error.status_code, error.detail, headers=error.headers)
