"""Compresses large responses."""

from starlette.middleware.gzip import GZipMiddleware, GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..accept_encoding import accepts_gzip
from ..asgi_headers import first, joined


class CompressionMiddleware(GZipMiddleware):
    """Starlette's, unless Content-Length announces a small response."""

    def __init__(self, app: ASGIApp, *, minimum_size: int) -> None:
        super().__init__(app, minimum_size=minimum_size, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; compress a large response if the client accepts that."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        chosen: Send | None = None

        async def send_as_chosen(message: Message) -> None:
            nonlocal chosen
            if chosen is None:
                small = self._is_small(message)
                chosen = send if small else self._responder(scope, send).send_with_compression
            await chosen(message)

        await self.app(scope, receive, send_as_chosen)

    def _is_small(self, message: Message) -> bool:
        length = first(message.get("headers", ()), b"content-length")
        return length is not None and int(length) < self.minimum_size

    def _responder(self, scope: Scope, send: Send) -> IdentityResponder:
        responder: IdentityResponder
        if accepts_gzip(joined(scope["headers"], b"accept-encoding")):
            responder = GZipResponder(self.app, self.minimum_size, self.compresslevel)
        else:  # it adds Vary: Accept-Encoding
            responder = IdentityResponder(self.app, self.minimum_size)
        responder.send = send
        return responder
