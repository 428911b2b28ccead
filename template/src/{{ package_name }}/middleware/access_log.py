"""One line for each request."""

import logging
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..clients import client_address
from ..core.client_address import ClientAddresses
from ..core.logs import RequestLog
from ..core.probes import is_probe
from ..core.raw_headers import first
from ..core.redaction import Redactor
from ..routes import route_template

CLIENT_CLOSED_REQUEST = 499
"""What the line says when the client went away before the answer began (as nginx has it)."""

_LONGEST_USER_AGENT = 300
_FIELDS = (
    "method",
    "path",
    "route",
    "query",
    "status_code",
    "duration_ms",
    "client_ip",
    "user_agent",
    "user_id",
)


class AccessLogMiddleware:
    """Writes the line when the answer is done; a slow one as a warning, quiet paths at debug.

    A WebSocket has one if it is refused.
    """

    def __init__(
        self, app: ASGIApp, *, redactor: Redactor, addresses: ClientAddresses, slow_ms: float
    ) -> None:
        self.app = app
        self._redactor = redactor
        self._addresses = addresses
        self._slow_ms = slow_ms
        self._log = RequestLog(_FIELDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request and write its line, whatever became of it."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        status = CLIENT_CLOSED_REQUEST

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            if scope["type"] == "http" or status != CLIENT_CLOSED_REQUEST:
                self._write(scope, status, (perf_counter() - started) * 1000)

    def _write(self, scope: Scope, status: int, duration_ms: float) -> None:
        path: str = scope["path"]
        if duration_ms >= self._slow_ms:
            level = logging.WARNING
        elif is_probe(path) or scope["state"].get("quiet"):
            level = logging.DEBUG
        else:
            level = logging.INFO
        values = (
            scope.get("method", "GET"),  # a WebSocket's handshake has no other
            path,
            route_template(scope),
            self._redactor.query(scope["query_string"].decode("latin-1")),
            status,
            round(duration_ms, 2),
            client_address(scope, self._addresses),
            (first(scope["headers"], b"user-agent") or "")[:_LONGEST_USER_AGENT],
            scope["state"].get("user_id"),
        )
        self._log.write(level, dict(zip(_FIELDS, values, strict=True)))
