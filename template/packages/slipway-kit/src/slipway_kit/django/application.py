"""Django with middlewares around it, as one ASGI application."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from ..openapi import Document
from ..problems import ServiceError
from ..responses import handle_http_exception, handle_service_error
from ..routes import ROUTE
from ..settings import ServiceSettings
from .handler import DjangoHandler
from .resources import serving

_HANDLERS: Mapping[Any, Any] = {
    HTTPException: handle_http_exception,
    ServiceError: handle_service_error,
}


class DjangoApplication(Starlette):
    """A service: each request passes the middlewares, then goes to Django.

    Starlette gives it the start, the stop and the chain of middlewares.

    Args:
        settings: The service's.
        lifespan: Opens what the service needs.
        middleware: The middlewares, the outermost first.
        mounted: Other ASGI applications by path.
        django: Django.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        lifespan: Callable[[object], AbstractAsyncContextManager[Mapping[str, Any]]],
        middleware: Sequence[Middleware],
        mounted: Mapping[str, ASGIApp],
        django: DjangoHandler,
    ) -> None:
        self.served = settings.serves_docs

        @asynccontextmanager
        async def serve(app: object) -> AsyncIterator[Mapping[str, Any]]:
            async with lifespan(app) as state:
                with serving(state):
                    yield state

        super().__init__(
            routes=[_mounted(path, app) for path, app in mounted.items()],
            middleware=middleware,
            exception_handlers=_HANDLERS,
            lifespan=serve,
        )
        self.router.default = django

    def openapi(self) -> Document:
        """Return the OpenAPI schema.

        Raises:
            NotImplementedError: The service does not say what is in it.
        """
        raise NotImplementedError

    @cached_property
    def document(self) -> bytes | None:
        """The OpenAPI schema as it is served; None where it is not."""
        return orjson.dumps(self.openapi()) if self.served else None


def _mounted(path: str, app: ASGIApp) -> Mount:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"][ROUTE] = path
        await app(scope, receive, send)

    return Mount(path, serve)
