"""Finds views that are open by oversight."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView
from starlette.types import ASGIApp

from ..async_views import AsyncView
from ..public import MARK, public
from ..routes import template_of
from ..settings import SettingsError

# Of views behind login_required and the like, and of those of an admin site.
_GUARDED = ("login_url", "admin_site", "model_admin")
_ADVICE = f"if it should be, mark it: public(...) of {public.__module__}"


def require_closed(asgi: Mapping[str, ASGIApp] | None = None) -> None:
    """Refuse a service with routes that neither ask for a user nor are marked as public.

    Views of the REST framework ask for a user unless their permission_classes say otherwise.

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
    of_class = getattr(view, "view_class", getattr(view, "cls", None))
    if _is_public(view) or vars(of_class or object).get(MARK) is False:
        return True
    if any(hasattr(view, name) for name in _GUARDED):
        return True
    if of_class is None or issubclass(of_class, AsyncView):
        return False
    return issubclass(of_class, AccessMixin | APIView)


def _is_public(target: Any) -> bool:
    return getattr(target, MARK, True) is False
