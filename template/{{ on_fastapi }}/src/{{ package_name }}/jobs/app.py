"""The jobs of the service: `@jobs.task()` declares one, `enqueue` stores it.

    @jobs.task(queue="reports")
    async def send_report(*, order_id: int) -> None: ...

    await enqueue(session, send_report, order_id=order.id)

Tasks stand in a `tasks.py` of any folder of the package. A task may run twice (docs/jobs.md).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from procrastinate import App
from procrastinate.jobs import JobDeferrer
from procrastinate.tasks import Task
from procrastinate.testing import InMemoryConnector
from sqlalchemy.ext.asyncio import AsyncSession

from slipway_kit.jobs.connection import task_modules
from slipway_kit.jobs.manager import ContextJobManager
from slipway_kit.sqlalchemy.after_commit import after_commit

from ..settings import Settings
from .database import connected

jobs = App(connector=InMemoryConnector(), import_paths=task_modules(Path(__file__).parents[1]))
jobs.job_manager = ContextJobManager(jobs)


async def enqueue(
    session: AsyncSession, job: Task[..., Any, Any] | JobDeferrer, **arguments: Any
) -> None:
    """Enqueue a job, which commits or rolls back with the session's transaction.

    Args:
        session: The session.
        job: The task, or a task with options: `send_report.configure(priority=5)`.
        arguments: The task's arguments, as JSON has them.
    """
    deferrer = job.configure() if isinstance(job, Task) else job
    connection = await session.connection()
    if connection.dialect.name == "sqlite":
        after_commit(session, partial(deferrer.defer_async, **arguments))
        return
    raw = await connection.get_raw_connection()
    deferrer.connection = raw.driver_connection
    await deferrer.defer_async(**arguments)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[App]:
    """Connect to the queue."""
    async with connected(settings) as connector:
        with jobs.replace_connector(connector):
            yield jobs
