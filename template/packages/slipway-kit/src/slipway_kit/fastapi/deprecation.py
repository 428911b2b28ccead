"""Deprecated endpoints, in the headers of responses and in the OpenAPI schema."""

from typing import Any

from fastapi.dependencies.models import Dependant
from starlette.types import Scope

from slipway_kit.deprecation import Deprecation
from slipway_kit.headers import Headers
from slipway_kit.routes import effective_route


class Deprecated(Deprecation):
    """A dependency that deprecates an endpoint, or each endpoint of a router.

        @router.get("/old", dependencies=[Depends(Deprecated(date(2027, 1, 1)))])

    Every response of the endpoint then has the headers, errors included; the OpenAPI schema
    marks it as deprecated.
    """

    async def __call__(self) -> None:
        """Do nothing: the middleware reads the route, so that every response has the headers."""


def deprecation_of(route: Any) -> Deprecated | None:
    """Return the deprecation of a route; its own overrides its router's."""
    dependant: Dependant | None = getattr(route, "dependant", None)
    for each in reversed(dependant.dependencies if dependant is not None else ()):
        if isinstance(each.call, Deprecated):
            return each.call
    return None


def deprecation_headers(scope: Scope) -> Headers:
    """Return the headers of a deprecated endpoint; none for others."""
    deprecated = deprecation_of(effective_route(scope))
    return () if deprecated is None else deprecated.headers
