"""Reports errors and some requests to Sentry."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..redaction import Redactor
from ..routes import route_template
from ..sentry import SentrySettings

_LAST_WORDS = ("lifespan.startup.failed", "lifespan.shutdown.complete", "lifespan.shutdown.failed")


class SentryMiddleware:
    """Sentry's own middleware, which sees each error before it becomes a response.

    It is made where requests are served, in each worker.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: SentrySettings,
        redactor: Redactor,
        environment: str,
        release: str,
    ) -> None:
        # Loading the SDK takes a fifth of a second, which nobody should pay who does not use it.
        from sentry_sdk.integrations.asgi import SentryAsgiMiddleware  # noqa: PLC0415

        from .. import sentry_client  # noqa: PLC0415

        self.app = app
        self._client = sentry_client
        self._watched = SentryAsgiMiddleware(self._serve, asgi_version=3)
        sentry_client.start(settings, redactor, environment=environment, release=release)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or see the process through its life."""
        if scope["type"] != "lifespan":
            await self._watched(scope, receive, send)
            return
        held: Message | None = None

        async def hold_last_words(message: Message) -> None:
            # The server may end the process as soon as it has heard them.
            nonlocal held
            if message["type"] in _LAST_WORDS:
                held = message
            else:
                await send(message)

        try:
            await self._watched(scope, receive, hold_last_words)
        finally:
            await self._client.stop()
            if held is not None:
                await send(held)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            state = scope["state"]
            self._client.describe_request(
                route=lambda: route_template(scope), user_id=lambda: state.get("user_id")
            )
        await self.app(scope, receive, send)
