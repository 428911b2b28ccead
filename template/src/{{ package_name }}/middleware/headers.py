"""Puts the same headers on every answer."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core.headers import Headers


class HeadersMiddleware:
    """Adds headers that were computed beforehand, where the answer has not set them itself."""

    def __init__(self, app: ASGIApp, *, headers: Headers) -> None:
        self.app = app
        self._headers = headers
        self._names = frozenset(name for name, _ in headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with the headers on its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message["headers"]
                set_already = self._names.intersection(name for name, _ in own)
                if set_already:
                    own.extend(pair for pair in self._headers if pair[0] not in set_already)
                else:
                    own.extend(self._headers)
            await send(message)

        await self.app(scope, receive, send_with_headers)
