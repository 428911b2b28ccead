"""Work that begins when a transaction is committed, and not at all when it is rolled back."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.util import await_only

_WAITING = "after_commit"
"""A list of work, each with the savepoint in which it was added, or None."""


def after_commit(session: AsyncSession, work: Callable[[], Any]) -> None:
    """Call a function, or await a coroutine function, after the session's next commit.

    A savepoint that is rolled back takes along what was added in it, and nothing else.
    """
    savepoint = session.sync_session.get_nested_transaction()
    session.info.setdefault(_WAITING, []).append((savepoint, work))


@event.listens_for(Session, "after_commit")
def _begin(session: Session) -> None:
    waiting = session.info.pop(_WAITING, ())
    released = session.get_nested_transaction()
    if released is not None:  # its work waits for the commit of what is around it
        around = released.parent if released.parent and released.parent.nested else None
        session.info[_WAITING] = [
            (around if savepoint is released else savepoint, work) for savepoint, work in waiting
        ]
        return
    for _, work in waiting:
        result = work()
        if isawaitable(result):
            await_only(result)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, ended: SessionTransaction) -> None:
    waiting = session.info.pop(_WAITING, ())
    if ended.parent is not None and waiting:
        session.info[_WAITING] = [each for each in waiting if each[0] is not ended]
