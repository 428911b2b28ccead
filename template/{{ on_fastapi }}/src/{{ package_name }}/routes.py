"""Where the API serves, and which route a request went to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.types import Scope

API_ROOT = "/api"
FIRST = "v1"
"""The version that the API begins with."""
MOUNTED_AT = "mounted_at"
"""Where a request's state has the template of the mounts that it went through."""


def route_template(scope: Scope) -> str | None:
    """Return the full template of the route, like /api/v1/orders/{order_id}; None for no route."""
    route = effective_route(scope)
    if route is None and (endpoint := scope.get("endpoint")):  # of a plain route, like the schema's
        routes = scope["app"].routes
        route = next((each for each in routes if getattr(each, "endpoint", None) is endpoint), None)
    if isinstance(route, Mount):  # of a router: what it mounts may have a route of its own
        route = scope.get("route")
    path = "" if isinstance(route, Mount) else getattr(route, "path", "")
    return scope["state"].get(MOUNTED_AT, "") + path or None


def max_body_size(scope: Scope) -> int | None:
    """Return how many bytes the route of a request takes; None where it does not say."""
    for route in iter_route_contexts(scope["app"].routes):
        if route.matches(dict(scope))[0] is Match.FULL:
            limit: int | None = route.max_body_size
            return limit
    return None


def effective_route(scope: Scope) -> Any:
    """Return the route with all that the routers around it have given it; None for no route.

    An included route knows only its own part of the path; FastAPI keeps the whole in the scope,
    under a name of its own that only this function reads.
    """
    context = scope.get("fastapi", {}).get("effective_route_context")
    # A websocket, a mount and a route of Starlette's are made anew where they are included.
    return getattr(context, "starlette_route", None) or context or scope.get("route")


def starlette_routes(routes: Sequence[BaseRoute]) -> Iterator[Mount | Route | WebSocketRoute]:
    """Yield mounts and routes of Starlette's own, which have no dependencies.

    One that a router includes is there twice: as it was defined, and as it serves.
    """
    for context in iter_route_contexts(routes):
        serving = getattr(vars(context).get("_route_context"), "starlette_route", None)
        for route in (context.original_route, serving):
            if isinstance(route, Mount | Route | WebSocketRoute) and not isinstance(
                route, APIRoute | APIWebSocketRoute
            ):
                yield route


class SliceRouter(APIRouter):
    """The router of services made before 1.0: use APIRouter; this name goes with 2.0."""

    def __init__(self, *, tags: Sequence[str] | Mapping[str, str] = (), **options: Any) -> None:
        super().__init__(tags=list(tags), **options)


PrefixRouter = APIRouter
"""The router of services made with 1.0.0rc1: use APIRouter; this name goes with 2.0."""
