"""Tells how long the service took."""

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class TimingMiddleware:
    """Adds the time from the request's arrival to the answer's first byte."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with X-Process-Time and Server-Timing on its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()

        async def send_with_time(message: Message) -> None:
            if message["type"] == "http.response.start":
                taken = b"%.2f" % ((perf_counter() - started) * 1000)
                message["headers"].append((b"x-process-time", taken + b"ms"))
                message["headers"].append((b"server-timing", b"app;dur=" + taken))
            await send(message)

        await self.app(scope, receive, send_with_time)
