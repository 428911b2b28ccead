"""Counts and times every request, whatever responds to it."""

from http import HTTPStatus
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..asgi_headers import announces_events
from ..metrics import Metrics
from ..routes import route_template
from .access_log import CLIENT_CLOSED_REQUEST, SWITCHING_PROTOCOLS

_BODIES = frozenset({"http.response.body", "websocket.http.response.body"})


class MetricsMiddleware:
    """Counts a request just before the last part of its response is sent.

    A client that has the whole response finds it counted, on any worker. It is outside of the
    middlewares that respond themselves, so that it counts their responses, too. A WebSocket
    is counted when it closes.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and count it once, whatever becomes of it."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        metrics = self._metrics
        status = CLIENT_CLOSED_REQUEST
        counted = is_stream = False
        started = perf_counter()

        def count() -> None:
            nonlocal counted
            counted = True
            taken = None if is_stream else perf_counter() - started
            route = route_template(scope)
            metrics.request_done(scope.get("method", "GET"), route, status, taken)
            if status == HTTPStatus.TOO_MANY_REQUESTS and route is not None:
                metrics.rate_limit_hit(route)

        async def watch(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
                is_stream = announces_events(message.get("headers", ()))
            elif message["type"] == "websocket.accept":
                status, is_stream = SWITCHING_PROTOCOLS, True
            elif message["type"] in _BODIES and not (counted or message.get("more_body")):
                count()
            await send(message)

        metrics.request_started()
        try:
            await self.app(scope, receive, watch)
        finally:
            if not counted:
                count()
