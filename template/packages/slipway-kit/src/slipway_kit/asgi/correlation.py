"""Sets the correlation ID of each request, and returns it in a header."""

from starlette.types import ASGIApp, Receive, Scope, Send

from .. import correlation
from ..asgi_headers import first
from ..headers import Headers

_INBOUND = tuple(name.lower().encode() for name in correlation.INBOUND_HEADERS)
_OUTBOUND = correlation.HEADER.lower().encode()


class CorrelationMiddleware:
    """Keeps a caller's well-formed identifier, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with its identifier in the context and on the request's state."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        inbound = [first(scope["headers"], name) for name in _INBOUND]
        identifier = correlation.choose(*inbound)
        scope.setdefault("state", {})["correlation_id"] = identifier
        token = correlation.correlation_id.set(identifier)
        try:
            await self.app(scope, receive, send)
        finally:
            correlation.correlation_id.reset(token)


def correlation_header(scope: Scope) -> Headers:
    """Return the header with the correlation ID."""
    return ((_OUTBOUND, scope["state"]["correlation_id"].encode()),)
