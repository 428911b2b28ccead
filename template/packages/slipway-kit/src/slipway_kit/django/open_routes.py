"""Finds views that are open by oversight."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.request import Request
from rest_framework.schemas.generators import BaseSchemaGenerator, EndpointEnumerator
from rest_framework.views import APIView
from starlette.types import ASGIApp

from ..settings import SettingsError
from .async_views import AsyncView
from .public import MARK, OWN_MARK, public
from .routes import template_of

# Of views behind login_required and the like, of those of an admin site, and of those of public().
_CLOSED = ("login_url", "admin_site", "model_admin", OWN_MARK)
_ADVICE = f"if it should be, mark it: public(...) of {public.__module__}"


def require_closed(asgi: Mapping[str, ASGIApp] | None = None) -> None:
    """Refuse a service with routes that neither ask for a user nor are marked as public.

    Views of the REST framework ask for a user unless their permissions say otherwise: AllowAny is a
    mark, no permissions at all are an oversight.

    Args:
        asgi: Other applications by path.

    Raises:
        SettingsError: There are some such routes; a line for each.
    """
    found = [
        f"{template_of(route)}: is open to everyone; ask for a user, as by @login_required,"
        f" or {_ADVICE} ({view.__module__}.{getattr(view, '__qualname__', '')})"
        for route, view in _views(get_resolver().url_patterns)
        if not _is_closed(view)
    ]
    found += [
        f"{path}: is open to everyone, for Django does not see its requests; {_ADVICE}"
        for path, app in (asgi or {}).items()
        if not _is_public(app)
    ]
    if found:
        raise SettingsError("\n".join(found))


def _views(patterns: Iterable[URLPattern | URLResolver], at: str = "") -> Iterator[tuple[str, Any]]:
    for each in patterns:
        route = at + str(each.pattern)
        if _is_public(each):
            continue
        if isinstance(each, URLResolver):
            yield from _views(each.url_patterns, route)
        else:
            yield route, each.callback


def _is_closed(view: Any) -> bool:
    of_class = getattr(view, "view_class", getattr(view, "cls", None)) or object
    if vars(of_class).get(MARK) is False or any(hasattr(view, name) for name in _CLOSED):
        return True
    if issubclass(of_class, AsyncView):
        return _is_public(view)
    if issubclass(of_class, AccessMixin):
        return True
    # The REST framework gives all of its views the mark that login_not_required sets.
    return _asks(view) if issubclass(of_class, APIView) else _is_public(view)


def _asks(view: Any) -> bool:
    """Return whether a view of the REST framework has permissions, for each of its methods."""
    request = Request(HttpRequest())
    make = BaseSchemaGenerator().create_view
    try:
        methods = EndpointEnumerator(patterns=[]).get_allowed_methods(view)
        return all(make(view, method, request).get_permissions() for method in methods)
    except Exception:  # noqa: BLE001 -- a get_permissions that needs more may return none
        return False


def _is_public(target: Any) -> bool:
    return getattr(target, MARK, True) is False
