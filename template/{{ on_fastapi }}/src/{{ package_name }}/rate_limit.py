"""Limits on how often a client may call an endpoint."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from fastapi_limiter.depends import RateLimiter
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from .core.limits import parse_limit
from .counting import client_and_route, count, refusal
from .routes import effective_route
from .settings import Settings


class RateLimit(RateLimiter):
    """A dependency that refuses a client's requests beyond a limit.

    The API's routers have the default limit. An endpoint with one of its own says so, and the
    default does not count there:

        @router.post("/reports", dependencies=[Depends(RateLimit("5/minute"))])

    Args:
        limit: How often, like 5/minute, or what takes that from the settings; None for the default.
        identifier: Who counts as one, and where.
    """

    def __init__(
        self,
        limit: str | Callable[[Settings], str] | None = None,
        identifier: Callable[[Scope], str] = client_and_route,
    ) -> None:
        # Not through the base: the Limiter that it wants has one bucket for all clients, and lets
        # every request wait while one asks its store. What stays is the field's way to use it.
        self.identifier = identifier
        self._own = limit
        if isinstance(limit, str):
            parse_limit(limit)  # a wrong one is noticed at the start

    async def __call__(self, request: HTTPConnection, response: Response) -> None:
        """Count a request; its answer carries the verdict, even if it fails later.

        Raises:
            RateLimitedError: The client came too often.
        """
        del response  # headers on it would be lost when the endpoint fails or makes its own
        scope = request.scope
        route = scope.get("route")
        if isinstance(route, LimitedRoute) and (self in route.limits or not self.is_own):
            return  # which has counted already, before the body was read
        if self.is_own or not _own_limits(effective_route(scope).dependant):
            await self.count(scope)

    @property
    def is_own(self) -> bool:
        """Whether it has a limit of its own, and not the default."""
        return self._own is not None

    async def count(self, scope: Scope) -> None:
        """Count a request of this scope.

        Raises:
            RateLimitedError: The client came too often.
        """
        verdict = await count(scope, self._own, self.identifier)
        if verdict is not None and not verdict.allowed:
            raise refusal(verdict)


class LimitedRoute(APIRoute):
    """A route within the limits among its dependencies, or else within the default.

    It counts before the body is read, and at a fraction of what solving a dependency costs.
    """

    _default = RateLimit()

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint=endpoint, **options)
        self.limits = _own_limits(self.dependant) or [self._default]

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within the limits."""
        for limit in self.limits:
            await limit.count(scope)
        await super().handle(scope, receive, send)


class LimitedApp:
    """An ASGI application within the default limit.

    Args:
        app: The application.
    """

    _default = RateLimit()

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within the limit."""
        await self._default.count(scope)
        await self.app(scope, receive, send)


def limit_plain_routes(router: APIRouter) -> None:
    """Put the default limit on mounts and routes of Starlette's own, which have no dependencies."""
    for context in iter_route_contexts(router.routes):
        route = context.original_route
        if not isinstance(route, Mount | Route | WebSocketRoute) or isinstance(
            route, APIRoute | APIWebSocketRoute
        ):
            continue
        if not isinstance(route.app, LimitedApp):
            route.app = LimitedApp(route.app)
        if not isinstance(route, Mount):
            route.endpoint = route.app  # of which an inclusion makes the route anew


def _own_limits(dependant: Dependant) -> list[RateLimit]:
    """Return the limits of its own that a route depends on, in whatever way."""
    found: list[RateLimit] = []
    for each in dependant.dependencies:
        if isinstance(each.call, RateLimit) and each.call.is_own:
            found.append(each.call)
        found += _own_limits(each)
    return found
