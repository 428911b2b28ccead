"""A span for each attempt of a job, linked to the span that enqueued it."""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from procrastinate import JobContext
from procrastinate.middleware import AsyncCallNext
from procrastinate.worker import Worker

from . import CONTEXT
from .manager import ContextJobManager
from .worker import JobWorker

_W3C = TraceContextTextMapPropagator()


def trace_jobs() -> None:
    """Have jobs carry the span that enqueued them, and each attempt run in one of its own."""
    ContextJobManager.context_sources = [_add_span]
    JobWorker.middleware = [_trace_job]


def _add_span(context: dict[str, Any]) -> None:
    _W3C.inject(context)  # as `traceparent`


async def _trace_job(call_next: AsyncCallNext, context: JobContext, _: Worker) -> Any:
    # Without arguments: those may be secret.
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
