"""Identifies the user of a request, and forbids caches to store responses about accounts."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from ..asgi_headers import first
from ..headers import Headers
from ..tokens import AccessTokens

_HEADER = b"authorization"
_SCHEME = "bearer"
_ACCOUNTS = re.compile(r"/api/v\d+/(auth|users|audit)(/|$)")
_NOT_STORED = ((b"cache-control", b"no-store"),)


def account_headers(scope: Scope) -> Headers:
    """Return the header that forbids storing a response about accounts."""
    return _NOT_STORED if _ACCOUNTS.match(scope["path"]) else ()


class IdentityMiddleware:
    """Reads the access token, for the limits, the log and the reports.

    Whether a token still counts is asked where someone must be known (auth/current.py).

    Args:
        app: What is inside of it.
        tokens: What reads them.
        limit: How often a user may call a route that has no limit of its own; None for as often as
            anybody.
    """

    def __init__(self, app: ASGIApp, *, tokens: AccessTokens, limit: str | None) -> None:
        self.app = app
        self._tokens = tokens
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with the claims of its token in its state, as `claims` and `user_id`."""
        if scope["type"] in {"http", "websocket"}:
            identify(scope, self._tokens, self._limit)
        await self.app(scope, receive, send)


def identify(scope: Scope, tokens: AccessTokens, limit: str | None) -> None:
    """Put the claims of a request's token into its state; nothing without a valid token."""
    scheme, _, token = (first(scope["headers"], _HEADER) or "").partition(" ")
    claims = tokens.read(token.strip()) if scheme.lower() == _SCHEME else None
    if claims is not None:
        scope["state"]["claims"] = claims
        scope["state"]["user_id"] = str(claims.user_id)
        scope["state"]["user_limit"] = limit
