"""The schedules of jobs: each runs once a tick, however many workers there are."""

import logging
from typing import Any

from procrastinate import Blueprint, JobContext
from procrastinate.jobs import Status

logger = logging.getLogger(__name__)


class StalledError(Exception):
    """The worker of a job was killed, or lost its database for too long."""


async def rescue(context: JobContext, timestamp: int) -> None:
    """Let the jobs of killed workers run again, as often as if they had failed."""
    del timestamp
    state: Any = context.additional_context["state"]
    manager = context.app.job_manager
    seconds = state["settings"].jobs_stalled_seconds
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=seconds):
        task = context.app.tasks.get(job.task_name)
        fields = {"task": job.task_name, "job_id": job.id}
        if task is None or task.get_retry_exception(exception=StalledError(), job=job):
            logger.warning("The worker of a job is gone; the job runs again", extra=fields)
            await manager.retry_job(job)
        else:
            logger.error("The worker of a job is gone once more; it has failed", extra=fields)
            await manager.finish_job(job, Status.FAILED, delete_job=False)


async def prune(context: JobContext, timestamp: int) -> None:
    """Delete jobs that failed long ago."""
    del timestamp
    state: Any = context.additional_context["state"]
    await context.app.job_manager.delete_old_jobs(
        nb_hours=state["settings"].jobs_retention_days * 24,
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )


def add_schedules(jobs: Blueprint) -> None:
    """Add the tasks to those of the service."""
    for cron, name, function in (
        ("* * * * *", "jobs.rescue", rescue),
        ("41 3 * * *", "jobs.prune", prune),
    ):
        task = jobs.task(name=name, queueing_lock=name, pass_context=True)(function)
        jobs.periodic(cron=cron)(task)
