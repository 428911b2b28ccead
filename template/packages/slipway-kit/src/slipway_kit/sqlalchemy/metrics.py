"""Times every query."""

from time import perf_counter
from typing import Any

from sqlalchemy import Connection, ExceptionContext, event

from slipway_kit.metrics import Metrics, query_type

from .engine import Database

_STARTED = "query_started"


def time_queries(database: Database, metrics: Metrics) -> None:
    """Time what is asked of the database from now on, failures included."""
    engine = database.engine.sync_engine

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
