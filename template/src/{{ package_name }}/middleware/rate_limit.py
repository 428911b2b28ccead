"""Tells clients how much of their limit is left."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RateLimitMiddleware:
    """Puts the limiter's verdict on the answer, whatever became of the request after it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with X-RateLimit headers on its answer, where its route has a limit."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope["state"]

        async def send_with_verdict(message: Message) -> None:
            if message["type"] == "http.response.start":
                verdict = state.get("verdict")
                if verdict is not None:
                    message["headers"].extend(verdict.headers)
            await send(message)

        await self.app(scope, receive, send_with_verdict)
