"""A session for each request."""

from collections.abc import AsyncIterator
from typing import Annotated, TypedDict

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from ..sqlalchemy.engine import Database


class _State(TypedDict):
    database: Database


class _Connection(HTTPConnection[_State]):
    """A request or a WebSocket whose state has the database."""


async def get_session(connection: _Connection) -> AsyncIterator[AsyncSession]:
    """Open a session; its transaction ends with the endpoint."""
    async with connection.state["database"].sessions() as session:
        yield session
        await session.commit()


# With the function's scope the transaction ends before the response is sent: a client that reads
# 201 can rely on it, and a failed commit is still an error response.
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
"""One transaction: committed when the endpoint returns, rolled back when it raises."""


async def _autocommit(connection: _Connection, session: SessionDep) -> None:
    database = connection.state["database"]
    # A session of a test's own keeps its connection, and one that was used keeps its transaction.
    its_own = session.sync_session.bind is database.engine.sync_engine
    if its_own and not session.in_transaction():
        session.sync_session.bind = database.autocommit.sync_engine


READ_ONLY = Depends(_autocommit, scope="function")
"""Saves `BEGIN` and `COMMIT`: for endpoints whose statements only read.

As at the isolation level READ COMMITTED, each statement sees what is committed when it starts. An
endpoint that needs one snapshot, or writes, leaves it out.

Examples:
    @router.get("/{report_id}", dependencies=[READ_ONLY])
"""

StreamSessionDep = Annotated[AsyncSession, Depends(get_session, scope="request")]
"""One transaction for what a response streams: it ends after the last byte, or with the client.

The client has its 200 by then: a failed commit is in the log, and in no response.
"""
