"""Times every query."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from ...metrics import Metrics, query_type
from .engine import Database


def time_queries(database: Database, metrics: Metrics) -> None:
    """Time what is asked of the database from now on, failures included."""

    def timed(
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001 -- as Django calls it
        context: Any,
    ) -> Any:
        started = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            metrics.query_done(query_type(sql), perf_counter() - started)

    database.watch(timed)
