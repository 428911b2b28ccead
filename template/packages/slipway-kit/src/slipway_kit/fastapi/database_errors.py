"""Responds with 503 when the database is unavailable, and with 422 when it refuses a value."""

import logging
import sqlite3

from fastapi import FastAPI
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.requests import Request
from starlette.responses import Response

from slipway_kit.problems import UnavailableError, UnstorableValueError

from .errors import handle_service_error, problem_response

RETRY_AFTER_SECONDS = 5
DIVISION_BY_ZERO = "22012"
"""The one SQLSTATE of refused values (class 22) that is an error of the query itself."""

logger = logging.getLogger(__name__)


def _is_programming_error(error: Exception) -> bool:
    # SQLite has one class for a file that cannot be opened and for a table that is not there, as
    # before the first migration; only the first can recover by itself.
    cause = error.orig if isinstance(error, DBAPIError) else None
    code = getattr(cause, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_ERROR


async def handle_database_error(request: Request, error: Exception) -> Response:
    """Respond that the service is unavailable; the log has the reason."""
    if _is_programming_error(error):
        raise error
    logger.error("The database does not respond: %s", type(error).__name__, exc_info=error)
    return problem_response(
        request,
        UnavailableError.status,
        "The database does not respond right now. Try again.",
        code=UnavailableError.code,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


async def handle_refused_value(request: Request, error: Exception) -> Response:
    """Respond that a value of the request cannot be stored or compared; the log has the query."""
    cause = error.orig if isinstance(error, DataError) else error
    # SQLite's driver raises Python's own error for a number of more than 64 bits.
    is_from_driver = isinstance(error, DataError) or "SQLite" in str(error)
    if not is_from_driver or getattr(cause, "sqlstate", None) == DIVISION_BY_ZERO:
        raise error
    logger.warning("The database refuses a value: %s", type(cause).__name__, exc_info=error)
    return await handle_service_error(request, UnstorableValueError())


def install(app: FastAPI) -> None:
    """Respond to what the database raises when it is unavailable or refuses a value."""
    app.add_exception_handler(DataError, handle_refused_value)
    app.add_exception_handler(OverflowError, handle_refused_value)
    for error in (InterfaceError, OperationalError, PoolTimeoutError):
        app.add_exception_handler(error, handle_database_error)
