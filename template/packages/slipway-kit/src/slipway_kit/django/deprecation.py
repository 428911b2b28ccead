"""Deprecated views, in the headers of responses and in the OpenAPI schema."""

from collections.abc import Callable
from typing import Any

from starlette.types import Scope

from ..deprecation import Deprecation
from ..headers import Headers
from .routes import view_of

_SAID = "deprecated"


class Deprecated(Deprecation):
    """A decorator that deprecates a view, or one of its methods.

        @Deprecated(date(2027, 1, 1), sunset=date(2027, 7, 1))
        class OldView(ServiceView): ...

    A class may as well say `deprecated = Deprecated(...)`; views that inherit from it end with it.
    A view's function can be decorated, too: one of @api_view, above that, or that of an address.
    Every response of the view then has the headers, errors and refusals included; the schema marks
    its operations as deprecated.
    """

    def __call__[View: Callable[..., Any]](self, view: View) -> View:
        """Return the view, or the method of one, with the deprecation."""
        setattr(view, _SAID, self)
        return view


def deprecation_of(view: Any, handler: str, function: Any = None) -> Deprecation | None:
    """Return the deprecation of a view: of its method, else its function, else its class.

    Args:
        view: The view's class, or one of these.
        handler: The name of the method that serves.
        function: The view's function, as it stands among the addresses.
    """
    for said in (getattr(view, handler, None), function, view):
        found: Deprecation | None = getattr(said, _SAID, None)
        if found is not None:
            return found
    return None


def deprecation_headers(scope: Scope) -> Headers:
    """Return the headers of a deprecated view; none for others."""
    view = view_of(scope)
    if view is None:
        return ()
    served = getattr(view, "cls", view)
    handler = scope["method"].lower()
    if handler == "head" and not hasattr(served, handler):
        handler = "get"
    # A view set names the method that serves, another for each of its addresses.
    handler = getattr(view, "actions", {}).get(handler, handler)
    deprecated = deprecation_of(served, handler, view)
    return () if deprecated is None else deprecated.headers
