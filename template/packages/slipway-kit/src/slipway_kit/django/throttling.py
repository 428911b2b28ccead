"""Limits on how often a client may call a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from ..rate_limiting import count, refusal
from .handler import COUNTED, counted_as, limit_of
from .resources import wait_for
from .routes import scope_of

if TYPE_CHECKING:  # it looks for this module by its name while it is loaded
    from rest_framework.views import APIView


class RouteThrottle(BaseThrottle):
    """Counts each request of a view that was not counted when it came (handler.py).

    That is one to a view whose own limit could not be seen there, as behind another view. A view
    with a limit of its own says so:

        class ReportView(ServiceView):
            throttle_limit = "5/minute"

    The limit may also be what takes it from the settings, or a mapping of methods to limits; a
    throttle_identifier says who counts as one, if it is not the user, or else the address.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count a request; its response has the headers of the limit, even if it fails later.

        Raises:
            RateLimitedError: The client sent too many requests.
        """
        scope = scope_of(request)
        limit, identifier = limit_of(view, request.method)
        if scope["state"].get(COUNTED) == counted_as(limit, identifier):
            return True
        result = wait_for(count(scope, limit, identifier))
        if result is not None and not result.allowed:
            raise refusal(result)
        return True
