"""Serves HEAD where GET is served (RFC 9110, section 9.3.2)."""

from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Has a HEAD request served as GET; the server leaves the body out.

    A route that takes HEAD itself goes first.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; outside, its method is HEAD again as soon as the response begins."""
        if (
            scope["type"] != "http"
            or scope["method"] != "HEAD"
            or any(route.matches(scope)[0] is Match.FULL for route in scope["app"].routes)
        ):
            await self.app(scope, receive, send)
            return

        async def send_as_head(message: Message) -> None:
            scope["method"] = "HEAD"
            await send(message)

        scope["method"] = "GET"
        try:
            await self.app(scope, receive, send_as_head)
        finally:
            scope["method"] = "HEAD"
