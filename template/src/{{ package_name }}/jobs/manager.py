"""Carries the context of a request over to the jobs that it enqueues."""

from typing import Any

from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from ..core.correlation import correlation_id

CONTEXT = "_context"
"""The argument that holds the context; the worker removes it before the task runs."""


class ContextJobManager(JobManager):
    """Adds the correlation ID to each job."""

    async def batch_defer_jobs_async(
        self, jobs: list[Job], connection: Any | None = None
    ) -> list[Job]:
        """Store jobs."""
        return await super().batch_defer_jobs_async(_with_context(jobs), connection)

    def batch_defer_jobs(self, jobs: list[Job], connection: Any | None = None) -> list[Job]:
        """Store jobs, from a thread."""
        return super().batch_defer_jobs(_with_context(jobs), connection)


def _with_context(jobs: list[Job]) -> list[Job]:
    context = {"correlation_id": correlation_id.get()}
    return [job.evolve(task_kwargs={**job.task_kwargs, CONTEXT: context}) for job in jobs]
