"""How routes come into the application, and which one a request went to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from fastapi import APIRouter, FastAPI
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound, Router
from starlette.types import Message, Receive, Scope, Send

API_ROOT = "/api"
FIRST = "v1"
"""The version that the API begins with."""

Responses = dict[int | str, dict[str, Any]]


class SliceRouter(APIRouter):
    """The router of a slice, whose routes can stand in the application directly.

    A router that is included stands between: the framework matches each request with it twice, and
    solves what all its routes depend on for each anew. What a slice's routes have in common is
    little, so that they can as well be made where they serve.

    Args:
        prefix: What their paths begin with.
        tags: What the document files them under; a mapping says of each tag what it is.
        dependencies: What each of them depends on.
        responses: What each of them can answer, for the document.
        route_class: What they are made of.
    """

    def __init__(
        self,
        *,
        prefix: str = "",
        tags: Sequence[str] | Mapping[str, str] = (),
        dependencies: Sequence[Depends] = (),
        responses: Responses | None = None,
        route_class: type[APIRoute] = APIRoute,
    ) -> None:
        super().__init__(
            prefix=prefix,
            tags=list(tags),
            dependencies=list(dependencies),
            responses=responses,
            route_class=route_class,
        )
        self.tag_descriptions = dict(tags) if isinstance(tags, Mapping) else {}
        self._definitions: list[tuple[str, Callable[..., Any], dict[str, Any]]] = []

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Add a route, as the decorators do."""
        super().add_api_route(path, endpoint, **options)
        self._definitions.append((path, endpoint, options))

    @property
    def is_plain(self) -> bool:
        """Whether it has nothing but routes of its own: no other router, no websocket."""
        return len(self.routes) == len(self._definitions)

    def join(
        self,
        app: FastAPI,
        *,
        prefix: str,
        route_class: type[APIRoute],
        responses: Responses,
        operation_id: Callable[[APIRoute], str] | None = None,
    ) -> None:
        """Make the routes again, in the application; to be called when all of them are defined.

        Args:
            app: The application.
            prefix: What stands before the router's own prefix.
            route_class: What they are made of; a class of their own keeps what it does, inside.
            responses: What each of them can answer besides, for the document.
            operation_id: What the document calls a route; None for the application's own way.
        """
        for (path, endpoint, given), made in zip(self._definitions, self.routes, strict=True):
            options = dict(given)
            options["tags"] = [*self.tags, *(given.get("tags") or ())]
            options["dependencies"] = [*self.dependencies, *(given.get("dependencies") or ())]
            options["responses"] = responses | self.responses | (given.get("responses") or {})
            options["route_class_override"] = _around(type(made), route_class)
            if operation_id is not None:
                options["generate_unique_id_function"] = operation_id
            app.router.add_api_route(prefix + self.prefix + path, endpoint, **options)


def _around(inner: type[BaseRoute], outer: type[APIRoute]) -> type[APIRoute]:
    """Return a class whose routes do what the outer class does, and then what the inner does."""
    if issubclass(outer, inner):
        return outer
    return cast("type[APIRoute]", type(inner.__name__, (outer, inner), {}))


class HeadRoutes(BaseRoute):
    """Answers HEAD where GET is answered, with all that GET would say but the body.

    RFC 9110, 9.1, asks it of every server, and monitors use it. It stands behind the routes that it
    looks at, so that no GET passes it, and is none of the document's. The server leaves the body
    out; layers before it see what GET would send, and so name its length and its encoding.

    Args:
        router: What has the routes.
    """

    def __init__(self, router: Router) -> None:
        self._router = router

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a HEAD of what could be got."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            as_get = _as_get(scope)
            if any(route.matches(as_get)[0] is Match.FULL for route in self._router.routes):
                return Match.FULL, {}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as if it were GET."""
        as_get = _as_get(scope)

        async def send_as_head(message: Message) -> None:
            learn()
            await send(message)

        def learn() -> None:
            # Layers before look in the scope for the route, and for the method that was asked.
            scope.update(as_get, method="HEAD")

        try:
            await self._router(as_get, receive, send_as_head)
        finally:
            learn()

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Raise NoMatchFound: it has no path of its own."""
        raise NoMatchFound(name, path_params)


def _as_get(scope: Scope) -> Scope:
    return {**scope, "method": "GET"}


def route_template(scope: Scope) -> str | None:
    """Return the full template of the route, like /api/v1/orders/{order_id}; None for no route.

    A route that was included through a router knows only its own part; FastAPI keeps the whole in
    the scope, under its own name.
    """
    return getattr(effective_route(scope), "path", None)


def effective_route(scope: Scope) -> Any:
    """Return the route with all that the routers around it have given it; None for no route."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    # A websocket, a mount and a route of Starlette's are made anew where they are included.
    return getattr(context, "starlette_route", None) or context or scope.get("route")
