"""Refuses requests whose headers are too many or too large, or that the server could not read."""

from http import HTTPStatus

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from ..responses import closing, problem_response

REFUSAL = "refusal"
"""Where the state of a request has the status and the sentence with which a server refuses it."""

_SEPARATORS = len(": \r\n")


class RequestHeadMiddleware:
    """Responds with 431 beyond a limit, and refuses malformed requests (slipway_kit.server).

    Args:
        app: What is inside of it.
        max_headers: How many headers a request may have.
        max_bytes: How many bytes they and the target may have together.
    """

    def __init__(self, app: ASGIApp, *, max_headers: int, max_bytes: int) -> None:
        self.app = app
        self._max_headers = max_headers
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose head is within the bounds."""
        if scope["type"] in {"http", "websocket"}:
            refusal: tuple[int, str] | None = scope["state"].get(REFUSAL) or self._check(scope)
            if refusal is not None:
                response = problem_response(HTTPConnection(scope), *refusal, headers=closing(scope))
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> tuple[int, str] | None:
        headers = scope["headers"]
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        size += sum([len(name) + len(value) + _SEPARATORS for name, value in headers])
        if len(headers) > self._max_headers:
            detail = f"The request has more than {self._max_headers} headers."
        elif size > self._max_bytes:
            detail = f"The request's target and headers are larger than {self._max_bytes} bytes."
        else:
            return None
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail
