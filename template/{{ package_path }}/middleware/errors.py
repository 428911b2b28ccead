"""The last resort: a fault that nothing else handled becomes a problem that tells nothing."""

import logging

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..answers import problem_response
from ..core.problems import ServiceError

logger = logging.getLogger(__name__)


class ErrorMiddleware:
    """Answers 500 for an unhandled exception, and logs it with its traceback.

    It stands inside the middlewares that add headers, so that a 500 carries them too; the
    framework's own handler stands outside of them all.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; once the response has begun, a fault can only end the connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception:
            if started:
                raise
            logger.exception("Unhandled error")
            request = Request(scope)
            response = problem_response(request, ServiceError.status, ServiceError.detail)
            await response(scope, receive, send)
