"""Which route a request went to."""

import re
from functools import lru_cache
from typing import Any

from django.contrib.admindocs import utils
from django.http import HttpRequest
from django.urls import ResolverMatch
from starlette.types import Scope

from ..routes import API_ROOT, FIRST, ROUTE
from .resources import scope_without_server

__all__ = ["API_ROOT", "FIRST", "note_route", "scope_of", "template_of", "view_of"]

_VIEW = "view"
_PARAMETER = re.compile(r"<(?:[^>:]+:)?([^>]+)>")


@lru_cache(maxsize=1024)
def template_of(route: str) -> str:
    """Return the template of a route as Django has it, like api/v1/orders/<int:order_id>."""
    if "(?" in route or route.endswith(("$", r"\Z")):  # of re_path, or of a router's
        route = utils.replace_named_groups(utils.remove_non_capturing_groups(route))
        route = utils.replace_metacharacters(utils.replace_unnamed_groups(route))
        route = route.replace("\\", "")
    return "/" + _PARAMETER.sub(r"{\1}", route)


def scope_of(request: Any) -> Scope:
    """Return the ASGI scope of a request of Django or its REST framework."""
    request = getattr(request, "_request", request)
    scope: Scope | None = getattr(request, "scope", None)
    if scope is None or "settings" not in scope.get("state", ()):  # a server's may be empty
        scope = request.scope = scope_without_server(request)
    if request.resolver_match is not None and ROUTE not in scope["state"]:
        note_route(request, request.resolver_match)
    return scope


def note_route(request: HttpRequest, match: ResolverMatch) -> None:
    """Store the route template of a request, like /api/v1/orders/{order_id}, for middlewares."""
    scope = getattr(request, "scope", None)
    if scope is not None:
        scope["state"][ROUTE] = template_of(match.route)
        scope["state"][_VIEW] = match.func


def view_of(scope: Scope) -> Any:
    """Return the function of the view that a request went to; None for no route."""
    return scope["state"].get(_VIEW)
