"""Limits on how often a client may call a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from .counting import client_and_route, count, refusal
from .handler import wait_for
from .routes import scope_of

if TYPE_CHECKING:  # it looks for this module by its name while it is loaded
    from rest_framework.views import APIView


class RouteThrottle(BaseThrottle):
    """Counts each request of a view, for each client and route.

    All views have it (DEFAULT_THROTTLE_CLASSES). One with a limit of its own says so:

        class ReportView(ApiView):
            throttle_limit = "5/minute"

    The limit may also be what takes it from the settings; a throttle_identifier says who counts as
    one, if it is not the user, or else the address.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count a request; its answer carries the verdict, even if it fails later.

        Raises:
            RateLimitedError: The client came too often.
        """
        scope = scope_of(request)
        limit = getattr(view, "throttle_limit", None)
        identifier = getattr(view, "throttle_identifier", client_and_route)
        verdict = wait_for(count(scope, limit, identifier))
        if verdict is not None and not verdict.allowed:
            raise refusal(verdict)
        return True
