"""Adds headers to every response: fixed ones, and those that depend on the request."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..asgi_headers import Pairs, first
from ..headers import Headers

_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})

Source = Callable[[Scope], Headers]
"""Returns headers of a response, when the response starts."""

_OF_CONTENT = (b"content-length", b"content-type")
"""What frameworks set on a response without content (RFC 9110, 8.6)."""
_NOT_STORED = (b"cache-control", b"no-store")


class HeadersMiddleware:
    """Adds headers that the response has not set itself.

    The sources' headers replace those of an endpoint with the same names, except Link, which is a
    list (RFC 8288). They share one middleware, because each that
    wraps responses costs time on every request.

    A 204 loses the headers of a content that it does not have.

    A response to a request with credentials may not be stored, unless it says otherwise itself.

    Args:
        app: What is inside of it.
        fixed: The headers of every response.
        sources: Functions that return further headers, with names in lower case.
    """

    def __init__(self, app: ASGIApp, *, fixed: Headers, sources: Sequence[Source]) -> None:
        self.app = app
        self._fixed = fixed
        self._fixed_with_credentials = (*fixed, _NOT_STORED)
        self._names = frozenset(name for name, _ in self._fixed_with_credentials)
        self._sources = tuple(sources)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with the headers on its response."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] in _STARTS:
                own = message.get("headers", ())
                if message.get("status") == HTTPStatus.NO_CONTENT:
                    own = [pair for pair in own if pair[0] not in _OF_CONTENT]
                message["headers"] = self._complete(scope, own)
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _complete(self, scope: Scope, own: Pairs) -> list[tuple[bytes, bytes]]:
        added = [pair for source in self._sources for pair in source(scope)]
        reserved = {name for name, _ in added if name != b"link"}
        given = [*(pair for pair in own if pair[0] not in reserved), *added]
        fixed = self._fixed
        if first(scope["headers"], b"authorization") is not None:
            fixed = self._fixed_with_credentials
        set_already = self._names.intersection([name for name, _ in given])
        if set_already:
            return [*given, *(pair for pair in fixed if pair[0] not in set_already)]
        return [*given, *fixed]
