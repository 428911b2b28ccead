"""The duration of a request, in headers."""

from time import perf_counter

from starlette.types import ASGIApp, Receive, Scope, Send

from ..headers import Headers


class TimingMiddleware:
    """Notes when a request arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose arrival is noted in its state."""
        if scope["type"] in {"http", "websocket"}:
            scope["state"]["arrived_at"] = perf_counter()
        await self.app(scope, receive, send)


def timing_headers(scope: Scope) -> Headers:
    """Return X-Process-Time and Server-Timing: the time from the arrival to the first byte."""
    taken = b"%.2f" % ((perf_counter() - scope["state"]["arrived_at"]) * 1000)
    return ((b"x-process-time", taken + b"ms"), (b"server-timing", b"app;dur=" + taken))
