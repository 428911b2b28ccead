"""The numbers, for Prometheus."""

import asyncio

from django.http import Http404, HttpRequest, HttpResponse

from slipway_kit.django.async_views import methods
from slipway_kit.system.tokens import check_metrics_token

from ..request_state import state_of


@methods("GET")
async def read_metrics(request: HttpRequest) -> HttpResponse:
    """Return the numbers of all workers, as OpenMetrics or as text."""
    state = state_of(request)
    settings = state["settings"]
    if not settings.metrics_enabled:
        raise Http404
    authorization = request.headers.get("Authorization", "")
    check_metrics_token(settings, authorization, is_production=settings.is_production)
    # Adding up the workers' files would keep the event loop from its requests.
    body, media_type = await asyncio.to_thread(
        state["metrics"].exposition, request.headers.get("Accept", "")
    )
    return HttpResponse(body, content_type=media_type)
