"""Which route a request went to."""

from starlette.types import Scope


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
