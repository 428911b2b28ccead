"""How the server reads requests: within bounds and deadlines, which uvicorn itself does not set."""

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request
from websockets.server import ServerProtocol

from .asgi.request_head import REFUSAL
from .settings import ServiceSettings

_UNREAD = {"method": "OTHER", "path": "/", "raw_path": b"/", "query_string": b""}
"""What stands in the scope of a request whose first line was not read."""

_no_logger = logging.getLogger(f"{__name__}.handshake")
_no_logger.disabled = True


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol; what it refuses by itself, the application responds to.

    A client has HEADER_TIMEOUT seconds to send the headers of a request, and for all that it sends
    while no request is in progress. What is no body (headers, trailers, the framing of chunks) may
    have MAX_HEADER_BYTES at a time. A malformed request gets a response with the headers and the
    log line of all others, and is counted like them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        settings: ServiceSettings = self.app_state["settings"]
        self._header_timeout = settings.header_timeout
        self._max_header_bytes = settings.max_header_bytes
        self._header_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._reads_no_more = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline with the connection."""
        self._clear_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, while it is within the bounds."""
        if self._reads_no_more:
            return
        self._header_bytes += len(data)  # what completes headers or brings a body sets it back
        super().data_received(data)
        if self._reads_no_more:
            return
        if self._header_bytes > self._max_header_bytes:
            self._refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are larger than allowed."
            )
        elif self._deadline is None and not self._is_busy():
            # uvicorn's own deadline for idle connections ends with the first byte of any kind.
            self._set_deadline()

    def on_headers_complete(self) -> None:
        """Begin with a request."""
        self._header_bytes = 0
        if self._deadline is not None:
            self._clear_deadline()
        super().on_headers_complete()
        self.headers = []  # trailers are none of the request's headers

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._header_bytes = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        del msg
        self._refuse(HTTPStatus.BAD_REQUEST, "The request is not valid HTTP.")

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the protocol of WebSockets."""
        self._reads_no_more = True
        super().handle_websocket_upgrade()

    def _should_upgrade(self) -> bool:
        # What the protocol of WebSockets would refuse by itself is a request like any other.
        lines = [
            b"%s %s HTTP/%s"
            % (
                self.scope["method"].encode(),
                self.url,
                self.scope["http_version"].encode(),
            ),
            *(name + b": " + value for name, value in self.scope["headers"]),
        ]
        handshake = ServerProtocol(extensions=[ServerPerMessageDeflateFactory()], logger=_no_logger)
        handshake.receive_data(b"\r\n".join([*lines, b"", b""]))
        return (
            not self._is_busy()  # the response before goes the way of the connection
            and self._should_upgrade_to_ws()
            and self.url.isascii()
            and any(
                isinstance(event, Request)
                and handshake.accept(event).status_code == HTTPStatus.SWITCHING_PROTOCOLS
                for event in handshake.events_received()
            )
        )

    def _unsupported_upgrade_warning(self) -> None:
        # The parser takes all that follows, a body included, for the other protocol's. Read as
        # HTTP it could be a request that a proxy has never seen.
        self._reads_no_more = True
        self.cycle.keep_alive = False

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _set_deadline(self) -> None:
        self._deadline = self.loop.call_later(self._header_timeout, self._end_waiting)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_waiting(self) -> None:
        if self.scope is None or (self.cycle is not None and self.cycle.scope is self.scope):
            self.transport.close()  # no further request has begun
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The headers did not arrive in time.")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Have the application refuse what is being read; then close the connection."""
        self._reads_no_more = True
        self._clear_deadline()
        if self._is_busy():
            if not self.cycle.more_body:  # requests before this one get their responses
                self.cycle.keep_alive = False
                return
            if self.cycle.response_started or self.pipeline:
                self.transport.close()
                return
            # The request whose body cannot be read ends as if its client had left.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        scope: Any = {
            **_UNREAD,
            **self.scope,
            "state": {**self.app_state, REFUSAL: (status, detail)},
        }
        self.cycle = RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )
        self.cycle.more_body = False
        self._start_asgi_task(self.cycle, self.app)
