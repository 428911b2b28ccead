"""A span for each query of a traced request, with the statement and without its parameters."""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection, ExceptionContext, ExecutionContext

_SPAN = "traced_query"


def trace_queries(engine: Engine) -> None:
    """Let the engine's queries make spans wherever a span is being recorded.

    The names follow OpenTelemetry's conventions for database spans.
    """
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return
    tracer = trace.get_tracer(__name__)
    common = {"db.system.name": engine.dialect.name}
    if engine.url.database and engine.url.host:
        common["db.namespace"] = engine.url.database

    @event.listens_for(engine, "before_cursor_execute")
    def start(
        connection: Connection,
        _cursor: object,
        statement: str,
        _parameters: object,
        _context: ExecutionContext,
        _many: bool,  # noqa: FBT001 -- as SQLAlchemy calls it
    ) -> None:
        if not trace.get_current_span().is_recording():
            return
        operation = statement.lstrip().partition(" ")[0].upper()
        connection.info[_SPAN] = tracer.start_span(
            operation,
            kind=SpanKind.CLIENT,
            attributes=common | {"db.operation.name": operation, "db.query.text": statement},
        )

    @event.listens_for(engine, "after_cursor_execute")
    def finish(connection: Connection, *_: Any) -> None:
        span: Span | None = connection.info.pop(_SPAN, None)
        if span is not None:
            span.end()

    @event.listens_for(engine, "handle_error")
    def fail(context: ExceptionContext) -> None:
        info = context.connection.info if context.connection is not None else {}
        span: Span | None = info.pop(_SPAN, None)
        if span is not None:
            span.set_attribute("error.type", type(context.original_exception).__qualname__)
            span.set_status(StatusCode.ERROR)
            span.end()
