"""Turns unhandled exceptions into problem details without internals."""

import asyncio
import logging
from contextlib import suppress
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from ..asgi_headers import announces_events
from ..problems import ServiceError, UnavailableError
from ..responses import closing, handle_http_exception, problem_response
from ..routes import route_template

_DENIAL = "websocket.http.response"
_DENIAL_ENDS = f"{_DENIAL}.body"
_ACCEPT = "websocket.accept"
_CLOSE = "websocket.close"
_FAILED: Message = {"type": "websocket.close", "code": 1011}
"""Closes an open WebSocket after an error (RFC 6455, 7.4.1)."""

logger = logging.getLogger(__name__)


class ErrorMiddleware:
    """Responds 500 to an unhandled exception, and logs it with its traceback.

    A WebSocket that the application closes before it accepts it gets a problem, too; and so does a
    request that the stop of the server cuts off.

    It stands inside the middlewares that add headers, so that a 500 carries them too; the
    framework's own handler stands outside of them all.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; once the response has begun, an error can only end the connection."""
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun: Message | None = None
        complete = False

        async def watch(message: Message) -> None:
            nonlocal begun, complete
            begun = begun or message
            await send(message)
            complete = message["type"] == "http.response.body" and not message.get("more_body")

        try:
            await self.app(scope, receive, watch)
        except asyncio.CancelledError:
            # The server stops, and the time that requests have for it (STOP_SECONDS) is over.
            if begun is None:
                await _cut_off(scope)(scope, receive, send)
            else:
                await _end_events(begun, send)
        except Exception as error:
            if complete:  # a background task's, or one that a mounted application has responded to
                logger.exception("Unhandled error")
                return
            if begun is not None:
                raise
            response = await _failed(scope, error)
            await response(scope, receive, send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket; once it is open, an error can only close it."""
        begun = ""
        can_refuse = _DENIAL in (scope.get("extensions") or ())

        async def watch(message: Message) -> None:
            nonlocal begun
            kind: str = message["type"]
            if can_refuse and not begun and kind == _CLOSE:
                begun = kind
                await _refused(scope)(scope, receive, send)
            elif begun == _ACCEPT and kind.startswith(_DENIAL):  # the response to an error
                if kind == _DENIAL_ENDS:
                    await send(_FAILED)
            else:
                begun = kind if kind == _CLOSE else begun or kind
                await send(message)

        try:
            await self.app(scope, receive, watch)
        except asyncio.CancelledError:
            if not begun:
                await _cut_off(scope)(scope, receive, send)
        except WebSocketDisconnect:
            pass  # the client has closed it, which an endpoint need not expect
        except Exception as error:
            if not begun:
                response = await _failed(scope, error)
                await response(scope, receive, send)
                return
            logger.exception("Unhandled error")
            await _close(begun, send)


async def _close(begun: str, send: Send) -> None:
    if begun == _ACCEPT:
        await send(_FAILED)


async def _failed(scope: Scope, error: Exception) -> Response:
    connection = HTTPConnection(scope)
    if isinstance(error, HTTPException):  # a middleware's
        return await handle_http_exception(connection, error)
    logger.error("Unhandled error", exc_info=error)
    return problem_response(connection, ServiceError.status, ServiceError.detail)


def _cut_off(scope: Scope) -> Response:
    headers = {"Retry-After": "1", **closing(scope)}
    return problem_response(
        HTTPConnection(scope), UnavailableError.status, UnavailableError.detail, headers=headers
    )


async def _end_events(begun: Message, send: Send) -> None:
    """End a stream of events; half of anything else must not look whole."""
    if announces_events(begun.get("headers", ())):
        with suppress(RuntimeError):  # it was complete already
            await send({"type": "http.response.body", "body": b""})


def _refused(scope: Scope) -> Response:
    """Return the response to a WebSocket that no route takes, or whose route closes it at once."""
    connection = HTTPConnection(scope)
    if route_template(scope) is None:
        return problem_response(connection, HTTPStatus.NOT_FOUND, "Not Found")
    return problem_response(connection, HTTPStatus.FORBIDDEN, "The WebSocket was refused.")
