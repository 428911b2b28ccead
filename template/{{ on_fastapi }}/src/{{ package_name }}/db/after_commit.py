"""Work that begins when a transaction is committed, and not at all when it is rolled back."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

_WAITING = "after_commit"


def after_commit(session: AsyncSession, work: Callable[[], Any]) -> None:
    """Call a function, or await a coroutine function, after the session's next commit."""
    session.info.setdefault(_WAITING, []).append(work)


@event.listens_for(Session, "after_commit")
def _begin(session: Session) -> None:
    for work in session.info.pop(_WAITING, ()):
        result = work()
        if isawaitable(result):
            await_only(result)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_WAITING, None)
