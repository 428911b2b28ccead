"""Jobs, from the process's start to its stop."""

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from procrastinate import App

from .settings import JobSettings
from .worker import JobWorker, Observer

logger = logging.getLogger(__name__)


@asynccontextmanager
async def open_jobs(
    opened: AbstractAsyncContextManager[App],
    settings: JobSettings,
    state: Any,
    *,
    is_stored: bool,
    observer: Observer | None = None,
) -> AsyncIterator[None]:
    """Open the queue, and run its jobs where the settings say so.

    Args:
        opened: The tasks, while their queue is open.
        settings: The settings.
        state: What tasks find as `context.additional_context["state"]`.
        is_stored: Whether jobs are stored, in PostgreSQL.
        observer: What counts jobs.
    """
    async with AsyncExitStack() as stack:
        app = state["jobs"] = await stack.enter_async_context(opened)
        runs = settings.jobs_worker
        if not is_stored:
            logger.warning("Jobs run in this process, and are lost with it: the database is SQLite")
            runs = True
        if runs:
            worker = JobWorker(app, settings, state, is_stored=is_stored, observer=observer)
            await stack.enter_async_context(worker.running())
        yield
