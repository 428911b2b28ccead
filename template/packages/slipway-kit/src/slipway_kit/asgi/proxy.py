"""Lets trusted proxies report who sent a request, and by which scheme."""

from starlette.types import ASGIApp, Receive, Scope, Send

from ..client_ip import ClientIpResolver, set_client


class ProxyMiddleware:
    """Puts the client and the scheme that a trusted proxy reports into the scope.

    uvicorn's own takes any text for an IP address, and does not know an IPv4 proxy that comes by an
    IPv6 socket.
    """

    def __init__(self, app: ASGIApp, *, client_ips: ClientIpResolver) -> None:
        self.app = app
        self._client_ips = client_ips

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that comes from its client."""
        if scope["type"] in {"http", "websocket"}:
            set_client(scope, self._client_ips)
        await self.app(scope, receive, send)
