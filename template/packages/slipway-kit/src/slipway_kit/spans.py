"""What makes spans, decides which are sent, and sends them without secrets in the background."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    ParentBased,
    TraceIdRatioBased,
)
from opentelemetry.sdk.trace.sampling import Sampler as Deciding
from opentelemetry.trace import Status
from opentelemetry.util.types import Attributes

from .redaction import Redactor
from .tracing import Sampler, TracingSettings, parse_headers

FLUSH_SECONDS = 2.0
"""How long a stop waits for spans that are not sent yet."""

_SAMPLERS: dict[Sampler, Callable[[float], Deciding]] = {
    Sampler.ALWAYS_ON: lambda _: ALWAYS_ON,
    Sampler.ALWAYS_OFF: lambda _: ALWAYS_OFF,
    Sampler.TRACEIDRATIO: TraceIdRatioBased,
    Sampler.PARENTBASED_ALWAYS_ON: lambda _: ParentBased(ALWAYS_ON),
    Sampler.PARENTBASED_ALWAYS_OFF: lambda _: ParentBased(ALWAYS_OFF),
    Sampler.PARENTBASED_TRACEIDRATIO: lambda ratio: ParentBased(TraceIdRatioBased(ratio)),
}


def make_provider(
    settings: TracingSettings, *, service: str, version: str, environment: str
) -> TracerProvider:
    """Return what makes spans; they are sent nowhere before `sending`."""
    return TracerProvider(
        sampler=_SAMPLERS[settings.otel_traces_sampler](settings.otel_traces_sampler_arg),
        resource=Resource.create(
            {
                "service.name": service,
                "service.version": version,
                "deployment.environment.name": environment,
            }
        ),
        shutdown_on_exit=False,
    )


@asynccontextmanager
async def sending(
    provider: TracerProvider, settings: TracingSettings, redactor: Redactor
) -> AsyncIterator[None]:
    """Send the provider's spans meanwhile; in the end wait for the last ones, a short while."""
    endpoint = str(settings.otel_exporter_otlp_endpoint).rstrip("/")
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint}/v1/traces",
        headers=parse_headers(settings.otel_exporter_otlp_headers.get_secret_value()),
        timeout=settings.otel_exporter_otlp_timeout,
    )
    provider.add_span_processor(BatchSpanProcessor(RedactingExporter(exporter, redactor)))
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        # For spans of your own, and those of libraries: trace.get_tracer(__name__).
        trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        # A collector that hangs must delay neither the stop nor the process's exit, so this is a
        # daemon thread; the exit would wait for a thread of the executor.
        last = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
        last.start()
        await asyncio.to_thread(last.join, FLUSH_SECONDS)


class RedactingExporter(SpanExporter):
    """Takes what is secret out of spans before another sends them, away from the requests.

    Args:
        inner: What sends them.
        redactor: What knows the names of secrets.
    """

    def __init__(self, inner: SpanExporter, redactor: Redactor) -> None:
        self._inner = inner
        self._redactor = redactor

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send copies of the spans."""
        return self._inner.export([self._cleaned(span) for span in spans])

    def shutdown(self) -> None:
        """Send nothing more."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send the remaining spans."""
        return self._inner.force_flush(timeout_millis)

    def _cleaned(self, span: ReadableSpan) -> ReadableSpan:
        return ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=self._attributes(span.attributes),
            events=[
                Event(event.name, self._attributes(event.attributes), event.timestamp)
                for event in span.events
            ],
            links=span.links,
            kind=span.kind,
            status=Status(
                span.status.status_code,
                span.status.description and self._redactor.text(span.status.description),
            ),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _attributes(self, attributes: Attributes) -> Attributes:
        cleaned: dict[str, str | bool | int | float]
        cleaned = self._redactor.value(attributes or {}, texts=True)
        if "url.query" in cleaned:
            cleaned["url.query"] = self._redactor.query(str(cleaned["url.query"]))
        return cleaned
