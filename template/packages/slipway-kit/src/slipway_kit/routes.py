"""Which route a request went to."""

from typing import Any

from starlette.routing import Mount
from starlette.types import Scope

API_ROOT = "/api"
FIRST = "v1"
"""The version that the API begins with."""

ROUTE = "route_template"
"""Where a request's state has the template of its route, if the framework notes it there."""
MOUNTED_AT = "mounted_at"
"""Where a request's state has the template of the mounts that it went through."""


def route_template(scope: Scope) -> str | None:
    """Return the full template of the route, like /api/v1/orders/{order_id}; None for no route."""
    state = scope["state"]
    if ROUTE in state:
        noted: str | None = state[ROUTE]
        return noted
    route = effective_route(scope)
    if route is None and (endpoint := scope.get("endpoint")):  # of a plain route, like the schema's
        routes = scope["app"].routes
        route = next((each for each in routes if getattr(each, "endpoint", None) is endpoint), None)
    if isinstance(route, Mount):  # of a router: what it mounts may have a route of its own
        route = scope.get("route")
    path = "" if isinstance(route, Mount) else getattr(route, "path", "")
    return state.get(MOUNTED_AT, "") + path or None


def effective_route(scope: Scope) -> Any:
    """Return the route with all that the routers around it have given it; None for no route.

    An included route knows only its own part of the path; FastAPI keeps the whole in the scope,
    under a name of its own that only this function reads.
    """
    context = scope.get("fastapi", {}).get("effective_route_context")
    # A websocket, a mount and a route of Starlette's are made anew where they are included.
    return getattr(context, "starlette_route", None) or context or scope.get("route")
