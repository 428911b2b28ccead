"""Finds routes that are open by oversight."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.security.base import SecurityBase

from ..settings import SettingsError
from .openapi import is_of_framework
from .public import PUBLIC, is_public
from .rate_limit import unlimited

_OPEN = "is open to everyone"
_ENDPOINT = f"let it depend on CurrentUser, or mark it: Depends(PUBLIC) of {is_public.__module__}"
_PLAIN = f"if it should be, mark what serves it: public(...) of {is_public.__module__}"


def require_closed(app: FastAPI) -> None:
    """Refuse a service with routes that neither ask for a user nor are marked as public.

    Raises:
        SettingsError: It has some; a line for each.
    """
    if found := list(_open_routes(app)):
        raise SettingsError("\n".join(found))


def _open_routes(app: FastAPI, mounted_at: str = "") -> Iterator[str]:
    for route in iter_route_contexts(app.routes):
        path = f"{mounted_at}{route.path or getattr(route, 'host', '')}"
        endpoint: Any = route.endpoint or getattr(route, "app", None)
        dependant: Dependant | None = getattr(route, "dependant", None)
        mounted = unlimited(endpoint)
        if is_public(endpoint) or _asks(dependant) or is_of_framework(route.endpoint):
            continue
        if dependant is not None:
            methods = "|".join(sorted(route.methods or ["WebSocket"]))
            yield f"{methods} {path}: {_OPEN}; {_ENDPOINT}"
        elif isinstance(mounted, FastAPI):
            yield from _open_routes(mounted, path)
        else:
            yield f"{path}: {_OPEN}; {_PLAIN}"
    # FastAPI keeps the files that it serves apart, and tries them after all routes.
    for files in app.router._iter_low_priority_routes():  # noqa: SLF001 -- there is no public way
        if not _asks(getattr(files, "dependant", None)):
            yield f"{mounted_at}/ of frontend(): {_OPEN}; call it on a router, and {_ENDPOINT}"


def _asks(dependant: Dependant | None) -> bool:
    """Return whether a route asks for a user or a key, or is marked."""
    # All dependencies for users and tokens end in a security scheme.
    return dependant is not None and any(
        each.call is PUBLIC or isinstance(each.call, SecurityBase) or _asks(each)
        for each in dependant.dependencies
    )
