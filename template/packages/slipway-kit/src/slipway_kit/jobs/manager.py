"""Stores jobs with the context of their request, and says which ones a worker takes."""

import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from procrastinate import App, exceptions
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from ..correlation import correlation_id
from . import CONTEXT, PAUSE
from .logs import quieten
from .retries import Backoff

LOOKING_SECONDS = 5.0
"""The interval at which a worker reads which queues are paused."""


class ContextJobManager(JobManager):
    """Adds the correlation ID to each job.

    Args:
        app: The tasks.
    """

    scheduled_from: ClassVar[float] = 0
    """Scheduled jobs of an earlier time are left out."""
    context_sources: ClassVar[list[Callable[[dict[str, Any]], None]]] = []
    """What adds to the context of jobs, beside the correlation ID."""

    def __init__(self, app: App) -> None:
        super().__init__(app.connector)
        self._app = app
        self._looks_at = 0.0
        self._served: list[str] | None = None  # while a queue is paused: the others
        quieten()

    async def batch_defer_jobs_async(
        self, jobs: list[Job], connection: Any | None = None
    ) -> list[Job]:
        """Store jobs."""
        return await super().batch_defer_jobs_async(self._with_context(jobs), connection)

    def batch_defer_jobs(self, jobs: list[Job], connection: Any | None = None) -> list[Job]:
        """Store jobs, from a thread."""
        return super().batch_defer_jobs(self._with_context(jobs), connection)

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Take a job to run, of a queue that is not paused.

        One of a task that only a newer release has is retried, until a newer worker takes it.
        """
        if time.monotonic() >= self._looks_at:
            self._served = await self._look(queues)
            self._looks_at = time.monotonic() + LOOKING_SECONDS
        if self._served is not None:
            queues = self._served
        job = await super().fetch_job(queues and [*queues], worker_id)
        if job is not None and job.task_name not in self._app.tasks:
            self._app.task(name=job.task_name, queue=job.queue, retry=Backoff())(_unknown)
        return job

    async def defer_periodic_job(
        self, job: Job, periodic_id: str, defer_timestamp: int
    ) -> int | None:
        """Store a scheduled job, once for all workers."""
        if defer_timestamp < self.scheduled_from:
            return None
        return await super().defer_periodic_job(job, periodic_id, defer_timestamp)

    def _with_context(self, jobs: list[Job]) -> list[Job]:
        context: dict[str, Any] = {"correlation_id": correlation_id.get()}
        for add in self.context_sources:
            add(context)
        return [job.evolve(task_kwargs={**job.task_kwargs, CONTEXT: context}) for job in jobs]

    async def _look(self, queues: Iterable[str] | None) -> list[str] | None:
        paused = {job.queue for job in await self.list_jobs_async(task=PAUSE, status="todo")}
        if not paused:
            return None
        known = queues or [each["name"] for each in await self.list_queues_async()]
        return [queue for queue in known if queue not in paused]


async def _unknown(**_: Any) -> None:
    raise exceptions.TaskNotFound
