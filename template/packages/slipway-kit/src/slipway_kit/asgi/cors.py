"""Cross-origin requests (CORS)."""

from http import HTTPStatus

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..cors import EXPOSED, PREFLIGHT_SECONDS, CorsSettings
from ..responses import problem_response


class CrossOriginMiddleware(CORSMiddleware):
    """Starlette's, from the settings, with problem details for a refused preflight request."""

    def __init__(self, app: ASGIApp, *, settings: CorsSettings) -> None:
        super().__init__(
            app,
            allow_origins=settings.allowed_origins,
            allow_methods=settings.cors_methods,
            allow_headers=settings.cors_headers,
            allow_credentials=settings.cors_credentials,
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a preflight; pass on all else, with the headers that its origin may have."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            request = Request(scope)
            names = {"origin", "access-control-request-method"}
            if names <= set(request.headers):
                await self._preflight(request)(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    def _preflight(self, request: Request) -> Response:
        response = self.preflight_response(request.headers)
        if response.status_code != HTTPStatus.BAD_REQUEST:
            return response
        kept = {
            name: value
            for name, value in response.headers.items()
            if name.startswith(("access-control-", "vary"))
        }
        detail = bytes(response.body).decode()
        return problem_response(request, HTTPStatus.BAD_REQUEST, f"{detail}.", headers=kept)
