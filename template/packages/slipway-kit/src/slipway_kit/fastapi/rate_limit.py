"""Limits on how often a client may call an endpoint."""

import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from fastapi.dependencies.models import Dependant
from starlette.requests import HTTPConnection, Request
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from slipway_kit.limits import parse_limit
from slipway_kit.rate_limiting import client_and_route, count, refusal
from slipway_kit.routes import MOUNTED_AT, effective_route, route_template

from ..settings import SettingsError
from .public import is_public, public
from .routes import starlette_routes


class RateLimit:
    """A dependency that refuses a client's requests beyond a limit.

    The application has the default limit. An endpoint with one of its own declares it, and the
    default does not count there:

        @router.post("/reports", dependencies=[Depends(RateLimit("5/minute"))])

    Args:
        limit: How often, like 5/minute, or what takes that from the settings; None for the default.
        identifier: Who counts as one, and where.
    """

    def __init__(
        self,
        limit: str | Callable[[Any], str] | None = None,
        identifier: Callable[[Scope], str] = client_and_route,
    ) -> None:
        self.identifier = identifier
        self.limit = limit
        if isinstance(limit, str):
            parse_limit(limit)  # a wrong one is noticed at the start

    async def __call__(self, connection: HTTPConnection) -> None:
        """Count a request against all limits of its route, before other dependencies run.

        Raises:
            RateLimitedError: The client sent too many requests.
        """
        await count_request(connection.scope)

    async def count(self, scope: Scope) -> None:
        """Count a request of this scope; its response carries the result, even if it fails later.

        Raises:
            RateLimitedError: The client sent too many requests.
        """
        await self._count(scope, self.identifier)

    async def _count(self, scope: Scope, identifier: Callable[[Scope], str]) -> None:
        result = await count(scope, self.limit, identifier)
        if result is not None and not result.allowed:
            raise refusal(result)


class RateLimiter(RateLimit):
    """The same with the arguments of fastapi-limiter: `Depends(RateLimiter(times=2, seconds=5))`.

    Args:
        times: How many requests.
        milliseconds: In which period; the sum of all its parts.
        seconds: Its seconds.
        minutes: Its minutes.
        hours: Its hours.
        identifier: A coroutine function that returns who counts as one; by default the user, or
            else the address.
    """

    def __init__(
        self,
        times: int = 1,
        milliseconds: int = 0,
        seconds: int = 0,
        minutes: int = 0,
        hours: int = 0,
        identifier: Callable[[Request], Awaitable[str]] | None = None,
    ) -> None:
        period = milliseconds + 1000 * (seconds + 60 * (minutes + 60 * hours))
        super().__init__(f"{times}/{period} milliseconds")
        self._client = identifier

    async def count(self, scope: Scope, context: str = "") -> None:
        """Count a request, or a message in a context, of this scope.

        Raises:
            RateLimitedError: The client sent too many of them.
        """
        key = self.identifier(scope)
        if self._client is not None:
            # It reads headers and the like, which a WebSocket has as well.
            client = await self._client(Request({**scope, "type": "http"}))
            key = f"{route_template(scope)}|{client}"
        await self._count(scope, lambda _: key + context)


class WebSocketRateLimiter(RateLimiter):
    """A limit on messages: `await limiter(websocket, context_key=...)` raises RateLimitedError.

    Messages with different keys count separately.
    """

    async def __call__(self, connection: HTTPConnection, context_key: str = "") -> None:
        """Count a message.

        Raises:
            RateLimitedError: The client sent too many messages.
        """
        await self.count(connection.scope, f"|{sha256(context_key.encode()).hexdigest()}")


class NoRateLimit(RateLimit):
    """A dependency of endpoints that are called as often as anyone likes, as by probes."""

    async def count(self, scope: Scope) -> None:
        """Do nothing."""


DEFAULT_LIMIT = RateLimit()
NO_LIMIT = NoRateLimit()


async def count_request(scope: Scope) -> None:
    """Count a request once, against the limits of its route, or else the default.

    Raises:
        RateLimitedError: The client sent too many requests.
    """
    route = effective_route(scope)
    if route is None or scope["state"].get("counted"):
        return
    scope["state"]["counted"] = True
    for limit in limits_of(getattr(route, "dependant", None)):
        await limit.count(scope)


def limits_of(dependant: Dependant | None) -> Sequence[RateLimit]:
    """Return the limits that a route depends on, in whatever way, or else the default."""
    return list(_own_limits(dependant)) or [DEFAULT_LIMIT]


def _own_limits(dependant: Dependant | None) -> Iterator[RateLimit]:
    for each in dependant.dependencies if dependant else ():
        if isinstance(each.call, RateLimit) and each.call is not DEFAULT_LIMIT:
            yield each.call
        yield from _own_limits(each)


def refuse_fastapi_limiter() -> None:
    """Refuse a service that imports fastapi-limiter.

    Raises:
        SettingsError: It does.
    """
    if "fastapi_limiter" in sys.modules:
        raise SettingsError(
            "fastapi-limiter counts all clients together and fails in included routers: write"
            f" `from {__name__} import RateLimiter`, which takes the same times and periods"
        )


class LimitedApp:
    """An ASGI application within the default limit.

    Args:
        app: The application.
        mounted_at: The template of its mount, below which its own routes begin.
    """

    def __init__(self, app: ASGIApp, mounted_at: str = "") -> None:
        self.app = app
        self.mounted_at = mounted_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within the limit; it counts once, however deep its route is mounted."""
        above: str | None = scope["state"].get(MOUNTED_AT)
        scope["state"][MOUNTED_AT] = (above or "") + self.mounted_at
        if above is None:
            await DEFAULT_LIMIT.count(scope)
        await self.app(scope, receive, send)


def unlimited(app: ASGIApp) -> ASGIApp:
    """Return an application without the default limit around it."""
    return app.app if isinstance(app, LimitedApp) else app


def limit_plain_routes(routes: Sequence[BaseRoute], *, but: str | None) -> None:
    """Put the default limit on mounts and routes of Starlette's own, which have no dependencies.

    Args:
        routes: The application's.
        but: The path of the OpenAPI schema, which has no limit.
    """
    for route in starlette_routes(routes):
        if route.path != but and not isinstance(route.app, LimitedApp):
            marked = is_public(route.app if isinstance(route, Mount) else route.endpoint)
            route.app = public(LimitedApp(route.app)) if marked else LimitedApp(route.app)
            if not isinstance(route, Mount):
                route.endpoint = route.app  # of which an inclusion makes the route anew
        if isinstance(route, Mount) and isinstance(route.app, LimitedApp):
            route.app.mounted_at = route.path
            limit_plain_routes([each for each in route.routes if isinstance(each, Mount)], but=but)
