"""Traces of requests, sent to an OpenTelemetry collector by OTLP over HTTP.

The settings have OpenTelemetry's own names and meanings; what is set here goes before what the SDK
would read from the environment itself.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote

from opentelemetry import trace
from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr

from .settings_group import SettingsGroup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opentelemetry.sdk.trace import TracerProvider
    from structlog.typing import EventDict, Processor

    from .redaction import Redactor


class Sampler(StrEnum):
    """Who decides whether a request is traced (OpenTelemetry, SDK environment variables)."""

    ALWAYS_ON = "always_on"
    ALWAYS_OFF = "always_off"
    TRACEIDRATIO = "traceidratio"
    PARENTBASED_ALWAYS_ON = "parentbased_always_on"
    PARENTBASED_ALWAYS_OFF = "parentbased_always_off"
    PARENTBASED_TRACEIDRATIO = "parentbased_traceidratio"


def parse_headers(text: str) -> dict[str, str]:
    """Return headers from a text like `name=value,name=value`, its values percent-encoded.

    Raises:
        ValueError: It is no such text; the message does not quote it.
    """
    headers = {}
    for pair in filter(None, text.split(",")):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise ValueError("must be like name=value,name=value")
        headers[unquote(name.strip()).lower()] = unquote(value.strip())
    return headers


def _check_headers(value: SecretStr) -> SecretStr:
    parse_headers(value.get_secret_value())
    return value


class TracingSettings(SettingsGroup):
    """Tracing."""

    otel_exporter_otlp_endpoint: Annotated[
        AnyHttpUrl | None,
        Field(description="The collector, http://host:4318; unset: nothing is traced."),
    ] = None
    otel_exporter_otlp_headers: Annotated[
        SecretStr,
        AfterValidator(_check_headers),
        Field(description="Headers for the collector, name=value,name=value."),
    ] = SecretStr("")
    otel_exporter_otlp_timeout: Annotated[
        float, Field(description="Timeout of an export, in seconds.", gt=0, le=60)
    ] = 10.0
    otel_service_name: Annotated[
        str | None, Field(description="The service's name in traces; unset: its slug.")
    ] = None
    otel_traces_sampler: Annotated[
        Sampler,
        Field(description="parentbased_traceidratio follows clients; traceidratio does not."),
    ] = Sampler.PARENTBASED_TRACEIDRATIO
    otel_traces_sampler_arg: Annotated[
        float, Field(description="Trace sample rate, from 0 to 1.", ge=0, le=1)
    ] = 1.0
    otel_sdk_disabled: Annotated[bool, Field(description="Disable tracing.")] = False

    @property
    def traces(self) -> bool:
        """Whether anything is traced."""
        return self.otel_exporter_otlp_endpoint is not None and not self.otel_sdk_disabled

    def public_features(self) -> dict[str, bool]:
        """Return what GET /config shows."""
        return {"tracing": self.traces}


class Traces:
    """The traces of this process.

    Args:
        settings: Where to, and how many.
        redactor: What knows the names of secrets.
        service: What they call the service, where OTEL_SERVICE_NAME names none.
        version: Its version.
        environment: Where it runs.
    """

    def __init__(
        self,
        settings: TracingSettings,
        redactor: Redactor,
        service: str,
        version: str,
        environment: str,
    ) -> None:
        self.provider: TracerProvider | None = None
        self._settings = settings
        self._redactor = redactor
        if settings.traces:
            # Loading the SDK takes a tenth of a second; do it only where it is used.
            from .spans import make_provider  # noqa: PLC0415

            self.provider = make_provider(
                settings,
                service=settings.otel_service_name or service,
                version=version,
                environment=environment,
            )

    @property
    def fields(self) -> list[Processor]:
        """What adds fields to each line of the log."""
        return [add_trace] if self.provider else []

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send spans meanwhile, and the last ones at the end."""
        if self.provider is None:
            yield
            return
        from .spans import sending  # noqa: PLC0415 -- as above

        async with sending(self.provider, self._settings, self._redactor):
            yield


def add_trace(_: object, __: str, event: EventDict) -> EventDict:
    """Add to a line of the log which trace and span it belongs to, in W3C's hexadecimal."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event
