"""One line for each request."""

import logging
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..asgi_headers import announces_events, first
from ..client_ip import client_ip
from ..logs import get_request_logger
from ..probes import is_probe
from ..redaction import Redactor
from ..routes import route_template

CLIENT_CLOSED_REQUEST = 499
"""The status when the client disconnected before the response began (as in nginx)."""
SWITCHING_PROTOCOLS = 101
"""What the line says of a WebSocket that was accepted."""

_LONGEST_USER_AGENT = 300
_FIELDS = (
    *("method", "path", "route", "query", "status_code", "duration_ms"),
    *("client_ip", "user_agent", "user_id"),
)


class AccessLogMiddleware:
    """Writes the line when the response is complete; a slow one as a warning, quiet paths at debug.

    That of a WebSocket is written when it is closed. It is no slow request, nor are events: the
    client chooses for how long it listens.
    """

    def __init__(self, app: ASGIApp, *, redactor: Redactor, slow_ms: float) -> None:
        self.app = app
        self._redactor = redactor
        self._slow_ms = slow_ms
        self._log = get_request_logger(_FIELDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request and write its line, whatever became of it."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        status = CLIENT_CLOSED_REQUEST
        is_stream = False

        async def watch(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
                is_stream = announces_events(message.get("headers", ()))
            elif message["type"] == "websocket.accept":
                status, is_stream = SWITCHING_PROTOCOLS, True
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            taken_ms = (perf_counter() - started) * 1000
            is_slow = taken_ms >= self._slow_ms and not is_stream
            self._write(scope, status, taken_ms, is_slow=is_slow)

    def _write(self, scope: Scope, status: int, duration_ms: float, *, is_slow: bool) -> None:
        path: str = scope["path"]
        if is_slow:
            level = logging.WARNING
        elif is_probe(path) or scope["state"].get("quiet"):
            level = logging.DEBUG
        else:
            level = logging.INFO
        values = (
            scope.get("method", "GET"),  # a WebSocket's handshake has no other
            self._redactor.path(path),
            route_template(scope),
            self._redactor.query(scope["query_string"].decode("latin-1")),
            status,
            round(duration_ms, 2),
            client_ip(scope),
            (first(scope["headers"], b"user-agent") or "")[:_LONGEST_USER_AGENT],
            scope["state"].get("user_id"),
        )
        self._log.log(level, "request", **dict(zip(_FIELDS, values, strict=True)))
