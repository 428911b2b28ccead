"""A span for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import propagate
from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..probes import is_probe
from ..routes import route_template

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_SERVER_ERRORS = 500


class TracingMiddleware:
    """Makes the span of a request, with OpenTelemetry's names for HTTP servers; none for probes.

    Django's own instrumentation is a beta that holds OpenTelemetry to one version, and stands where
    it cannot see how the middlewares respond.
    """

    def __init__(self, app: ASGIApp, *, provider: TracerProvider) -> None:
        self.app = app
        self._tracer = provider.get_tracer(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within its span."""
        if scope["type"] != "http" or is_probe(scope["path"]):
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        method: str = scope["method"]
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracer.start_as_current_span(
            method,
            context=propagate.extract(headers),
            kind=SpanKind.SERVER,
            attributes=_attributes(scope, headers),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            error_type: str | None = None
            try:
                await self.app(scope, receive, watch)
            except Exception as error:
                error_type = type(error).__qualname__
                raise
            finally:
                route = route_template(scope)
                if route is not None:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
                if status:
                    span.set_attribute("http.response.status_code", status)
                if error_type or status >= _SERVER_ERRORS:
                    span.set_attribute("error.type", error_type or str(status))
                    span.set_status(StatusCode.ERROR)


def _attributes(scope: Scope, headers: dict[str, str]) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "http.request.method": scope["method"],
        "url.scheme": scope["scheme"],
        "url.path": scope["path"],
        "network.protocol.version": scope["http_version"],
    }
    if scope["query_string"]:
        attributes["url.query"] = scope["query_string"].decode("latin-1")
    if "user-agent" in headers:
        attributes["user_agent.original"] = headers["user-agent"]
    if scope.get("server"):
        attributes["server.address"], port = scope["server"]
        if port:
            attributes["server.port"] = port
    return attributes
