"""The numbers, for Prometheus."""

from secrets import compare_digest

from fastapi import APIRouter, Response

from ..core.problems import ServiceError
from ..state import ServiceRequest

router = APIRouter(include_in_schema=False)


class MetricsTokenError(ServiceError):
    """The request has no token, or another one."""

    status = 401
    code = "UNAUTHORIZED"
    detail = "The metrics are for those who have their token: Authorization: Bearer ..."


# No coroutine: adding up the workers' files would keep the event loop from its requests.
@router.get("/metrics")
def read_metrics(request: ServiceRequest) -> Response:
    """Return the numbers of all workers, as OpenMetrics or as text."""
    _check_token(request)
    body, media_type = request.state["metrics"].exposition(request.headers.get("accept", ""))
    return Response(body, media_type=media_type)


def _check_token(request: ServiceRequest) -> None:
    token = request.state["settings"].metrics_token
    if token is None:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    expected = token.get_secret_value().encode()
    if scheme.lower() != "bearer" or not compare_digest(given.encode("latin-1"), expected):
        raise MetricsTokenError(headers={"WWW-Authenticate": "Bearer"})
