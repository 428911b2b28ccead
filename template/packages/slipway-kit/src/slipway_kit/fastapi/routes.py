"""What the routes of an application say."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.types import Scope


def max_body_size(scope: Scope) -> int | None:
    """Return how many bytes the route of a request takes; None where it does not say."""
    for route in iter_route_contexts(scope["app"].routes):
        if route.matches(dict(scope))[0] is Match.FULL:
            limit: int | None = route.max_body_size
            return limit
    return None


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
