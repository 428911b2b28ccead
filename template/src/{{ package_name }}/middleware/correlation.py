"""Gives each request its identifier and each response the header that tells it."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core import correlation


class CorrelationMiddleware:
    """Keeps a caller's well-formed identifier, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with its identifier in the context and on the request's state."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        identifier = correlation.choose(*map(headers.get, correlation.INBOUND_HEADERS))
        scope.setdefault("state", {})["correlation_id"] = identifier

        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[correlation.HEADER] = identifier
            await send(message)

        token = correlation.correlation_id.set(identifier)
        try:
            await self.app(scope, receive, send_with_header)
        finally:
            correlation.correlation_id.reset(token)
