"""Endpoints that are going away, and say so in their answers and in the OpenAPI document."""

from typing import Any

from fastapi.dependencies.models import Dependant
from starlette.types import Scope

from .core.deprecation import Deprecation
from .core.headers import Headers
from .routes import effective_route


class Deprecated(Deprecation):
    """A dependency that says that an endpoint, or each of a router, is going away.

        @router.get("/old", dependencies=[Depends(Deprecated(date(2027, 1, 1)))])

    Every answer of the endpoint then has the headers, errors and refusals included; the document
    marks it as deprecated.
    """

    async def __call__(self) -> None:
        """Do nothing: the headers' layer reads the route, so that no answer goes without."""


def deprecation_of(route: Any) -> Deprecated | None:
    """Return what a route depends on that says so; its own word goes before its router's."""
    dependant: Dependant | None = getattr(route, "dependant", None)
    for each in reversed(dependant.dependencies if dependant is not None else ()):
        if isinstance(each.call, Deprecated):
            return each.call
    return None


def deprecation_headers(scope: Scope) -> Headers:
    """Return what an answer says of its endpoint's end; nothing for most."""
    deprecated = deprecation_of(effective_route(scope))
    return () if deprecated is None else deprecated.headers
