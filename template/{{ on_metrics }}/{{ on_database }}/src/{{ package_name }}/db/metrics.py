"""Times every query of an engine."""

from time import perf_counter
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, event

from ..core.metrics import QUERY_TYPES, Metrics

_STARTED = "query_started"


def time_queries(engine: Engine, metrics: Metrics) -> None:
    """Time what is asked of the database from now on, failures included."""

    @event.listens_for(engine, "before_cursor_execute")
    def start(connection: Connection, *_: Any) -> None:
        connection.info[_STARTED] = perf_counter()

    def finish(connection: Connection, statement: str) -> None:
        started = connection.info.pop(_STARTED, None)
        if started is not None:
            metrics.query_done(query_type(statement), perf_counter() - started)

    @event.listens_for(engine, "after_cursor_execute")
    def end(connection: Connection, _: Any, statement: str, *__: Any) -> None:
        finish(connection, statement)

    @event.listens_for(engine, "handle_error")
    def fail(context: ExceptionContext) -> None:
        connection = context.connection
        if connection is not None and not (connection.closed or connection.invalidated):
            finish(connection, context.statement or "")


def query_type(statement: str) -> str:
    """Return the first word of a statement if it is a common one, else `other`."""
    word = statement.lstrip()[:6].lower()
    return word if word in QUERY_TYPES else "other"
