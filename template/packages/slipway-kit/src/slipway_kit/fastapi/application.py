"""FastAPI as a team extends it, with the service's guarantees around what is added."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

_NOT_STARTED = (
    "the application is not started: use `with TestClient(app) as client`, or an ASGITransport"
    " within `async with app.router.lifespan_context(app)`"
)
_NEVER_CALLED = "on_event is never called here: open resources in lifespan in custom.py"


class _NotStarted(dict[str, Any]):
    """The state of a request to an application whose lifespan does not run."""

    def __missing__(self, key: str) -> Any:
        raise RuntimeError(_NOT_STARTED)


class ServiceFastAPI(FastAPI):
    """The service's FastAPI."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._own_middlewares = len(self.user_middleware)
        self._opened: Mapping[str, Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what a server or a test sends."""
        if scope["type"] != "lifespan" and not scope.get("state"):
            # An ASGITransport does not pass what the lifespan has opened.
            scope["state"] = _NotStarted() if self._opened is None else dict(self._opened)
        await super().__call__(scope, receive, send)

    def add_middleware(self, middleware_class: Any, *args: Any, **kwargs: Any) -> None:
        """Add a middleware inside of the service's own, which have to see every response."""
        middleware = Middleware(middleware_class, *args, **kwargs)
        self.user_middleware.insert(self._own_middlewares, middleware)

    def complete(self) -> None:
        """End the composition of the application.

        Raises:
            RuntimeError: Something was added that would never be called.
        """
        if self.router.on_startup or self.router.on_shutdown:
            raise RuntimeError(_NEVER_CALLED)
        lifespan = self.router.lifespan_context

        @asynccontextmanager
        async def remembered(app: Any) -> AsyncIterator[Mapping[str, Any]]:
            async with lifespan(app) as opened:
                self._opened = opened or {}
                yield self._opened
            self._opened = None

        self.router.lifespan_context = remembered
