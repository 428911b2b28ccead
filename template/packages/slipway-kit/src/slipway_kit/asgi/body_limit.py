"""Refuses bodies that are too large, before they are read, or that do not arrive in time."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY, RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..asgi_headers import first
from ..problems import MEDIA_TYPE, BodyTimeoutError
from ..responses import closing, problem_response

_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class BodyLimitMiddleware(RequestBodyLimitMiddleware):
    """Starlette's, which counts chunks; a length that is announced is refused at once.

    Args:
        app: What is inside of it.
        max_body_size: How many bytes a body may have, unless its route says otherwise.
        timeout: Seconds from the headers of a request to the end of its body.
        route_limit: Returns what the route of a request takes instead, if it says so.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_body_size: int,
        *,
        timeout: float,
        route_limit: Callable[[Scope], int | None] = lambda _: None,
    ) -> None:
        super().__init__(app, max_body_size)
        self._route_limit = route_limit
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose body fits and comes in time; 413 or 408 for any other."""
        if scope["type"] != "http" or _has_no_body(scope):
            await self.app(scope, receive, send)
            return
        announced = first(scope["headers"], b"content-length") or ""
        if announced.isdecimal() and int(announced) > self.max_body_size:
            limit = self._route_limit(scope) or self.max_body_size
            if int(announced) > limit:
                await _refusal(scope, limit)(scope, receive, send)
                return
        refused = False

        async def send_problem(message: Message) -> None:
            # Starlette refuses a body beyond the limit of a route with a plain text.
            nonlocal refused
            if message.get("status") == _TOO_LARGE and not _is_problem(message):
                refused = True
                await _refusal(scope, scope.get(MAX_BODY_SIZE_SCOPE_KEY))(scope, receive, send)
            elif not refused:
                await send(message)

        await super().__call__(scope, self._in_time(scope, receive), send_problem)

    def _in_time(self, scope: Scope, receive: Receive) -> Receive:
        deadline = asyncio.get_running_loop().time() + self._timeout
        complete = False

        async def receive_in_time() -> Message:
            nonlocal complete
            if complete:  # only the client's leaving is left
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                # What reads the body passes on exceptions of this class alone.
                raise HTTPException(
                    BodyTimeoutError.status, BodyTimeoutError.detail, closing(scope)
                ) from None
            complete = not message.get("more_body", False)
            return message

        return receive_in_time


def _refusal(scope: Scope, limit: int | None) -> Response:
    return problem_response(Request(scope), _TOO_LARGE, f"The body is larger than {limit} bytes.")


def _is_problem(message: Message) -> bool:
    return first(message.get("headers", ()), b"content-type") == MEDIA_TYPE


def _has_no_body(scope: Scope) -> bool:
    # RFC 9112, 6.3. HTTP/2 may send a body that no header announces.
    return scope["http_version"].startswith("1") and not any(
        name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"]
    )
