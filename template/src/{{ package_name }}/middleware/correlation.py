"""Gives each request its identifier and each response the header that tells it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core import correlation
from ..core.raw_headers import first

_INBOUND = tuple(name.lower().encode() for name in correlation.INBOUND_HEADERS)
_OUTBOUND = correlation.HEADER.lower().encode()


class CorrelationMiddleware:
    """Keeps a caller's well-formed identifier, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with its identifier in the context and on the request's state."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        inbound = [first(scope["headers"], name) for name in _INBOUND]
        identifier = correlation.choose(*inbound)
        scope.setdefault("state", {})["correlation_id"] = identifier

        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message["headers"] if pair[0] != _OUTBOUND]
                message["headers"] = [*headers, (_OUTBOUND, identifier.encode())]
            await send(message)

        token = correlation.correlation_id.set(identifier)
        try:
            await self.app(scope, receive, send_with_header)
        finally:
            correlation.correlation_id.reset(token)
