"""A span for each query of a traced request, with the statement and without its parameters."""

from collections.abc import Callable
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode


def traced(
    execute: Callable[..., Any],
    sql: str,
    params: Any,
    many: bool,  # noqa: FBT001 -- as Django calls it
    context: dict[str, Any],
) -> Any:
    """Run a query in a span, wherever a span is being recorded.

    The names follow OpenTelemetry's conventions for database spans.
    """
    if not trace.get_current_span().is_recording():
        return execute(sql, params, many, context)
    connection = context["connection"]
    operation = sql.lstrip().partition(" ")[0].upper()
    attributes = {
        "db.system.name": connection.vendor,
        "db.operation.name": operation,
        "db.query.text": sql,
    }
    if connection.settings_dict["HOST"]:
        attributes["db.namespace"] = connection.settings_dict["NAME"]
    tracer = trace.get_tracer(__name__)
    with tracer.start_as_current_span(
        operation,
        kind=SpanKind.CLIENT,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(StatusCode.ERROR)
            raise
