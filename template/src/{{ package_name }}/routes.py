"""Which route a request goes to, and which one it went to."""

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class SliceRouter(APIRouter):
    """The router of a slice, which turns a foreign path away before its routes are compared.

    The framework compares a path with every route of every router in turn; a path without this
    router's prefix cannot fit any of them.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether one of its routes may serve the request."""
        if "{" not in self.prefix and self.prefix not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)


def route_template(scope: Scope) -> str | None:
    """Return the full template of the route, like /api/v1/orders/{order_id}; None for no route.

    A route that was included through a router knows only its own part; FastAPI keeps the whole in
    the scope, under its own name.
    """
    context = scope.get("fastapi", {}).get("effective_route_context")
    if context is not None:
        path: str = context.path
        return path
    return getattr(scope.get("route"), "path", None)
