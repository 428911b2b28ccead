"""A span for each attempt of a job, linked to the span that enqueued it."""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from procrastinate import JobContext
from procrastinate.middleware import AsyncCallNext
from procrastinate.worker import Worker

from . import CONTEXT

_W3C = TraceContextTextMapPropagator()


def add_span(context: dict[str, Any]) -> None:
    """Add the current span to what a job carries, as W3C's `traceparent`."""
    _W3C.inject(context)


async def trace_job(call_next: AsyncCallNext, context: JobContext, _: Worker) -> Any:
    """Run a job in a span that has no arguments: those may be secret."""
    job = context.job
    carried: Any = job.task_kwargs.get(CONTEXT)
    known = carried if isinstance(carried, dict) else {}
    header = {"traceparent": str(known.get("traceparent", ""))}
    enqueued = trace.get_current_span(_W3C.extract(header)).get_span_context()
    with trace.get_tracer(__name__).start_as_current_span(
        job.task_name,
        kind=SpanKind.CONSUMER,
        links=[Link(enqueued)] if enqueued.is_valid else [],
        attributes={
            "messaging.destination.name": job.queue,
            "messaging.message.id": str(job.id),
            "messaging.operation.type": "process",
        },
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            return await call_next()
        except BaseException as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(StatusCode.ERROR)
            raise
