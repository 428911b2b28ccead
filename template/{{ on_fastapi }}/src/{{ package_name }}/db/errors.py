"""Responds with 503 and Retry-After when the database is unavailable."""

import logging
import sqlite3

from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.requests import Request
from starlette.responses import Response

from ..core.problems import UnavailableError
from ..errors import problem_response

RETRY_AFTER_SECONDS = 5

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


def install(app: FastAPI) -> None:
    """Respond with 503 when the database is unavailable, or has no free connection."""
    for error in (InterfaceError, OperationalError, PoolTimeoutError):
        app.add_exception_handler(error, handle_database_error)
