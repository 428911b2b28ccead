"""Who may read the numbers."""

from secrets import compare_digest

from ..metrics import MetricsSettings
from ..problems import ServiceError


class MetricsTokenError(ServiceError):
    """The request has no token, or another one."""

    status = 401
    code = "UNAUTHORIZED"
    detail = "The metrics are for those who have their token: Authorization: Bearer ..."


def check_metrics_token(
    settings: MetricsSettings, authorization: str, *, is_production: bool
) -> None:
    """Require the metrics token; without one, allow every client if the metrics are public.

    Args:
        settings: The settings.
        authorization: The request's Authorization header; empty for none.
        is_production: Whether the environment is production; elsewhere, metrics without a token
            are public.

    Raises:
        MetricsTokenError: The header has another token, or none.
    """
    token = settings.metrics_token
    if token is None:
        allowed = settings.metrics_public or not is_production
    else:
        scheme, _, given = authorization.partition(" ")
        expected = token.get_secret_value().encode()
        allowed = scheme.lower() == "bearer" and compare_digest(given.encode("latin-1"), expected)
    if not allowed:
        raise MetricsTokenError(headers={"WWW-Authenticate": "Bearer"})
