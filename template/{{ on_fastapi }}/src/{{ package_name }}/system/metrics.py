"""The numbers, for Prometheus."""

from fastapi import APIRouter, Depends, Response

from slipway_kit.fastapi.public import PUBLIC
from slipway_kit.fastapi.rate_limit import NO_LIMIT
from slipway_kit.system.tokens import check_metrics_token

from ..dependencies import ServiceRequest, SettingsDep

router = APIRouter(include_in_schema=False, dependencies=[Depends(NO_LIMIT), Depends(PUBLIC)])


# No coroutine: adding up the workers' files would keep the event loop from its requests.
@router.get("/metrics")
def read_metrics(request: ServiceRequest, settings: SettingsDep) -> Response:
    """Return the numbers of all workers, as OpenMetrics or as text."""
    authorization = request.headers.get("authorization", "")
    check_metrics_token(settings, authorization, is_production=settings.is_production)
    body, media_type = request.state["metrics"].exposition(request.headers.get("accept", ""))
    return Response(body, media_type=media_type)
