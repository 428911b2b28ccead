"""Shows the queries of a request whose course is reported to Sentry."""

from collections.abc import Callable
from typing import Any

import sentry_sdk


def reported(
    execute: Callable[..., Any],
    sql: str,
    params: Any,
    many: bool,  # noqa: FBT001 -- as Django calls it
    context: dict[str, Any],
) -> Any:
    """Run a query as a span of the request, without its parameters."""
    with sentry_sdk.start_span(op="db", name=sql) as span:
        span.set_data("db.system", context["connection"].vendor)
        return execute(sql, params, many, context)
