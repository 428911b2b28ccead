"""Who may read the numbers."""

from secrets import compare_digest
from typing import Protocol

from pydantic import SecretStr

from ..problems import ServiceError


class Settings(Protocol):
    """What the token needs of the settings."""

    metrics_token: SecretStr | None
    metrics_public: bool

    @property
    def is_production(self) -> bool:
        """Whether this is the real thing."""


class MetricsTokenError(ServiceError):
    """The request has no token, or another one."""

    status = 401
    code = "UNAUTHORIZED"
    detail = "The metrics are for those who have their token: Authorization: Bearer ..."


def check_metrics_token(settings: Settings, authorization: str) -> None:
    """Require the metrics token; without one, allow every client if the metrics are public.

    Args:
        settings: The settings. Outside of production, metrics without a token are public.
        authorization: The request's Authorization header; empty for none.

    Raises:
        MetricsTokenError: The header has another token, or none.
    """
    token = settings.metrics_token
    if token is None:
        allowed = settings.metrics_public or not settings.is_production
    else:
        scheme, _, given = authorization.partition(" ")
        expected = token.get_secret_value().encode()
        allowed = scheme.lower() == "bearer" and compare_digest(given.encode("latin-1"), expected)
    if not allowed:
        raise MetricsTokenError(headers={"WWW-Authenticate": "Bearer"})
