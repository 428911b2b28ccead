"""Who may read the numbers."""

from secrets import compare_digest

from pydantic import SecretStr

from ..core.problems import ServiceError


class MetricsTokenError(ServiceError):
    """The request has no token, or another one."""

    status = 401
    code = "UNAUTHORIZED"
    detail = "The metrics are for those who have their token: Authorization: Bearer ..."


def check_metrics_token(token: SecretStr | None, authorization: str) -> None:
    """Let those pass who have the token; everyone, where there is none.

    Args:
        token: The token that is asked for.
        authorization: The request's Authorization header; empty for none.

    Raises:
        MetricsTokenError: The header has another one, or none.
    """
    if token is None:
        return
    scheme, _, given = authorization.partition(" ")
    expected = token.get_secret_value().encode()
    if scheme.lower() != "bearer" or not compare_digest(given.encode("latin-1"), expected):
        raise MetricsTokenError(headers={"WWW-Authenticate": "Bearer"})
