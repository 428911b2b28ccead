"""Refuses bodies that are too large, before they are read."""

from http import HTTPStatus

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from ..answers import problem_response
from ..core.raw_headers import first


class BodyLimitMiddleware(RequestBodyLimitMiddleware):
    """Starlette's, which counts chunks; a length that is announced is refused at once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose body fits; 413 for any other."""
        if scope["type"] != "http" or _has_no_body(scope):
            await self.app(scope, receive, send)
            return
        announced = first(scope["headers"], b"content-length") or ""
        if announced.isdecimal() and int(announced) > self.max_body_size:
            response = problem_response(
                Request(scope),
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body is larger than {self.max_body_size} bytes.",
            )
            await response(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


def _has_no_body(scope: Scope) -> bool:
    # RFC 9112, 6.3. HTTP/2 may send a body that no header announces.
    return scope["http_version"].startswith("1") and not any(
        name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"]
    )
