"""Limits on how often a client may call an endpoint."""

from collections.abc import Callable
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi_limiter.depends import RateLimiter
from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.types import Receive, Scope, Send

from .core.limits import parse_limit
from .counting import client_and_route, count, refusal
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
            WebSocketException: The same, for a handshake.
        """
        del response  # headers on it would be lost when the endpoint fails or makes its own
        scope = request.scope
        if isinstance(scope.get("route"), LimitedRoute):
            return  # which has counted already, before the body was read
        if self.is_own or not _own_limits(_dependant_of(scope)):
            await self.count(scope)

    @property
    def is_own(self) -> bool:
        """Whether it has a limit of its own, and not the default."""
        return self._own is not None

    async def count(self, scope: Scope) -> None:
        """Count a request of this scope.

        Raises:
            RateLimitedError: The client came too often.
            WebSocketException: The same, for a handshake.
        """
        verdict = await count(scope, self._own, self.identifier)
        if verdict is None or verdict.allowed:
            return
        if scope["type"] == "websocket":
            raise WebSocketException(WS_1008_POLICY_VIOLATION)
        raise refusal(verdict)


class LimitedRoute(APIRoute):
    """A route within the limits among its dependencies, or else within the default.

    It counts before the body is read, and at a fraction of what solving a dependency costs.
    """

    _default = RateLimit()

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._limits = _own_limits(self.dependant) or [self._default]

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within the limits."""
        for limit in self._limits:
            await limit.count(scope)
        await super().handle(scope, receive, send)


def _own_limits(dependant: Dependant | None) -> list[RateLimit]:
    """Return the limits of its own that a route depends on, in whatever way."""
    found: list[RateLimit] = []
    for each in dependant.dependencies if dependant is not None else ():
        if isinstance(each.call, RateLimit) and each.call.is_own:
            found.append(each.call)
        found += _own_limits(each)
    return found


def _dependant_of(scope: Scope) -> Dependant | None:
    context = scope["fastapi"].get("effective_route_context") or scope.get("route")
    dependant: Dependant | None = getattr(context, "dependant", None)
    return dependant
