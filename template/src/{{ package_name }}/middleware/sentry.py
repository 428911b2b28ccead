"""Reports faults and some requests' course to Sentry."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..about import SLUG
from ..core.probes import is_probe
from ..core.redaction import Redactor
from ..routes import route_template
from ..settings import Settings

_LAST_WORDS = ("lifespan.startup.failed", "lifespan.shutdown.complete", "lifespan.shutdown.failed")


class SentryMiddleware:
    """Sees each fault before it becomes an answer, and those of the start and the stop.

    It is made where requests are served, in each worker.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, redactor: Redactor) -> None:
        # Loading the SDK takes a fifth of a second, which nobody should pay who does not use it.
        from ..core.sentry_client import Reporter, Served  # noqa: PLC0415

        self.app = app
        self._served = Served
        self._reporter = Reporter(
            settings,
            redactor,
            environment=settings.environment,
            release=f"{SLUG}@{settings.version}",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or see the process through its life."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._life(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        served = self._served(
            method=scope["method"],
            url=f"{scope['scheme']}://{headers.get('host', '')}{scope['path']}",
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            route=lambda: route_template(scope),
            user_id=lambda: scope["state"].get("user_id"),
        )

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                served.status = message["status"]
            await send(message)

        traced = not is_probe(scope["path"])
        with self._reporter.observing(served, traced=traced):
            await self.app(scope, receive, watch)

    async def _life(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: Message | None = None

        async def hold_last_words(message: Message) -> None:
            # The server may end the process as soon as it has heard them.
            nonlocal held
            if message["type"] in _LAST_WORDS:
                held = message
            else:
                await send(message)

        try:
            with self._reporter.reporting("lifespan"):
                await self.app(scope, receive, hold_last_words)
        finally:
            await self._reporter.close()
            if held is not None:
                await send(held)
