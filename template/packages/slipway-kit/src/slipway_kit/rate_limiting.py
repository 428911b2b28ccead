"""How a request counts against a limit, and the headers of its response."""

from collections.abc import Callable
from typing import Any

from starlette.types import Scope

from .client_ip import client_ip
from .headers import Headers
from .limits import RateLimitResult, parse_limit, rate_limit_client
from .problems import RateLimitedError
from .routes import route_template
from .settings import ServiceSettings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, 9.2.1); they do not spend the limit of the others."""


def client_and_route(scope: Scope) -> str:
    """Return the key of a limit: the user, else the address, and the template of the route.

    The template, so that /orders/1 and /orders/2 count together; as the service knows it, so that
    no client can make keys up.
    """
    user = scope["state"].get("user_id")
    return address_and_route(scope) if user is None else f"{route_template(scope)}|user:{user}"


def address_and_route(scope: Scope) -> str:
    """Return the key of a limit: the address and the template of the route, without the user.

    For endpoints that do not ask who calls, as a login: there, many accounts are no many buckets.
    """
    return f"{route_template(scope)}|address:{client_of(scope)}"


def client_of(scope: Scope) -> str:
    """Return the client that limits count: its address, or the network of an IPv6 address."""
    prefix = scope["state"]["settings"].rate_limit_ipv6_prefix
    return rate_limit_client(client_ip(scope), prefix)


async def count(
    scope: Scope,
    own: str | Callable[[Any], str] | None = None,
    identifier: Callable[[Scope], str] = client_and_route,
) -> RateLimitResult | None:
    """Count a request; its response has the headers of the limit, even if it fails later.

    Args:
        scope: The request's.
        own: The limit of its route, like 5/minute, or what takes that from the settings; None for
            the default, or the users' where a user calls.
        identifier: Who counts as one, and where.

    Returns:
        The result; None where nothing is limited.
    """
    state = scope["state"]
    limits = state["limits"]
    if limits is None:
        return None
    settings: ServiceSettings = state["settings"]
    text = own
    if text is None:
        # Only a verified token sets a user, and the limit of users applies only to keys with users.
        users = state.get("user_limit") if identifier is client_and_route else None
        text = users or settings.rate_limit_default
    limit = parse_limit(text if isinstance(text, str) else text(settings))
    safe = "|safe" if scope.get("method") in SAFE_METHODS else ""
    result: RateLimitResult | None = await limits.hit(
        f"{limit.text}|{identifier(scope)}{safe}", limit
    )
    if result is not None:
        state["rate_limit_result"] = result
    return result


def refusal(result: RateLimitResult) -> RateLimitedError:
    """Return the error with Retry-After."""
    return RateLimitedError(headers={"Retry-After": str(result.retry_after)})


def limit_headers(scope: Scope) -> Headers:
    """Return the headers of a limit; none if no limit applied."""
    result: RateLimitResult | None = scope["state"].get("rate_limit_result")
    return () if result is None else result.headers
