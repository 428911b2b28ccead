"""The commands that have to do with jobs."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from procrastinate import App, BaseConnector, exceptions
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.utils import utcnow

from ..settings import SettingsError
from . import PAUSE

SHOWN = 100
"""The most jobs that are listed."""
_STATUSES = {"waiting": "todo", "running": "doing", "failed": "failed"}
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)

_LIST = """
SELECT id, task_name, attempts, queue_name, to_char(coalesce(
    CASE status WHEN 'todo' THEN scheduled_at END,
    (SELECT max(at) FROM procrastinate_events WHERE job_id = job.id)
) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
FROM procrastinate_jobs AS job
WHERE status = %(status)s AND task_name <> %(pause)s
ORDER BY id LIMIT %(limit)s
"""
_CHOOSE = """
SELECT id FROM procrastinate_jobs
WHERE status::text = ANY(%(statuses)s) AND task_name <> %(pause)s
    AND %(chosen)s IN ('all', id::text, task_name)
ORDER BY id
"""
_DROP = "DELETE FROM procrastinate_jobs WHERE id = %(job_id)s AND status = 'failed'"


class JobCommands:
    """The commands `worker` and `jobs`.

    Args:
        package: The service's package.
        is_stored: Returns whether the settings have jobs stored, in PostgreSQL.
        open_connector: Connects to their database.
        tasks: Loads the service's tasks.
    """

    def __init__(
        self,
        package: str,
        is_stored: Callable[[Any], bool],
        open_connector: Callable[[Any], AbstractAsyncContextManager[BaseConnector]],
        tasks: Callable[[], App],
    ) -> None:
        self._package = package
        self._is_stored = is_stored
        self._open_connector = open_connector
        self._tasks = tasks

    def add_to(self, commands: Any) -> None:
        """Add the commands to those of the service."""
        worker = commands.add_parser("worker", help=self.run_worker.__doc__)
        worker.set_defaults(run=self.run_worker)
        parser = commands.add_parser("jobs", help=self.manage_jobs.__doc__)
        parser.set_defaults(run=self.manage_jobs)
        one = parser.add_mutually_exclusive_group()
        one.add_argument("--list", choices=_STATUSES, help=f"list jobs, at most {SHOWN}")
        one.add_argument(
            "--retry", metavar="JOBS", help="run failed jobs again: a number, task or all"
        )
        one.add_argument("--drop", metavar="JOBS", help="delete failed jobs")
        one.add_argument("--cancel", metavar="JOBS", help="cancel jobs that wait or run")
        one.add_argument("--pause", metavar="QUEUE", help="have workers take no jobs of a queue")
        one.add_argument("--resume", metavar="QUEUE", help="have workers take them again")

    def run_worker(self, settings: Any, _: argparse.Namespace) -> int:
        """Run jobs until a signal; health checks are served on PORT."""
        self._require_stored(settings)
        # No load balancer waits for it.
        os.environ |= {"JOBS_WORKER": "true", "DRAIN_SECONDS": "0"}
        serve = [sys.executable, "-m", self._package, "serve"]
        os.execv(sys.executable, serve)  # noqa: S606 -- itself

    def manage_jobs(self, settings: Any, given: argparse.Namespace) -> int:
        """List queues and jobs without arguments, which may be secret; change or pause them."""
        self._require_stored(settings)
        try:
            return asyncio.run(self._manage(settings, given))
        except exceptions.ConnectorException as error:
            reason = str(error.__cause__ or error)
            raise SettingsError(f"DATABASE_URL: {reason}; has `make migrate` been run?") from None

    async def _manage(self, settings: Any, given: argparse.Namespace) -> int:
        async with self._open_connector(settings) as connector:
            if given.pause:
                return await self._pause(JobManager(connector), given.pause)
            if given.resume:
                return await _resume(JobManager(connector), given.resume)
            if given.retry or given.drop or given.cancel:
                return await _change(connector, given)
            if not given.list:
                await _list_queues(JobManager(connector))
            await _list_jobs(connector, given.list or "failed")
        return 0

    async def _pause(self, manager: JobManager, queue: str) -> int:
        if queue not in await _paused(manager):
            if queue not in (known := await self._known_queues(manager)):
                names = ", ".join(sorted(known))
                sys.stderr.write(
                    f"{queue}: no task or job has this queue yet; known are: {names}\n"
                )
            job = Job(
                queue=queue,
                task_name=PAUSE,
                scheduled_at=_NEVER,
                lock=None,
                queueing_lock=f"{PAUSE}:{queue}",
            )
            await manager.defer_job_async(job)
        sys.stdout.write(f"paused: {queue}\n")
        return 0

    async def _known_queues(self, manager: JobManager) -> set[str]:
        jobs = self._tasks()
        jobs.perform_import_paths()  # type: ignore[no-untyped-call] # the package's own gap
        stored = {queue["name"] for queue in await manager.list_queues_async()}
        return stored | {task.queue for task in jobs.tasks.values()}

    def _require_stored(self, settings: Any) -> None:
        if not self._is_stored(settings):
            raise SettingsError("DATABASE_URL: is SQLite, whose jobs the service runs by itself")


async def _list_queues(manager: JobManager) -> None:
    paused = await _paused(manager)
    for queue in await manager.list_queues_async():
        name = queue["name"]
        queue["todo"] -= name in paused  # by a job that waits for ever
        counts = " ".join(f"{each}={queue[each]}" for each in _STATUSES.values())
        sys.stdout.write(f"{name}: {counts}{' paused' if name in paused else ''}\n")


async def _list_jobs(connector: BaseConnector, status: str) -> None:
    query = {"status": _STATUSES[status], "pause": PAUSE, "limit": SHOWN + 1}
    jobs = await connector.execute_query_all_async(_LIST, **query)
    for job in jobs[:SHOWN]:
        fields = f"attempts={job['attempts']} queue={job['queue_name']} since={job['since']}"
        sys.stdout.write(f"{status}: {job['id']} {job['task_name']} {fields}\n")
    if len(jobs) > SHOWN:
        sys.stdout.write("and more\n")


async def _change(connector: BaseConnector, given: argparse.Namespace) -> int:
    manager = JobManager(connector)
    chosen = given.retry or given.drop or given.cancel
    statuses = ["todo", "doing"] if given.cancel else ["failed"]
    query = {"chosen": chosen, "statuses": statuses, "pause": PAUSE}
    numbers = [row["id"] for row in await connector.execute_query_all_async(_CHOOSE, **query)]
    if not numbers and chosen != "all":
        kind = "waiting or running" if given.cancel else "failed"
        sys.stderr.write(f"{chosen}: no {kind} job has this number or task\n")
        return 1
    for number in numbers:
        if given.retry:
            await manager.retry_job_by_id_async(number, retry_at=utcnow())
            done = "to run again"
        elif given.drop:
            await connector.execute_query_async(_DROP, job_id=number)
            done = "dropped"
        else:
            await manager.cancel_job_by_id_async(number, abort=True)
            done = "cancelled"
        sys.stdout.write(f"{done}: {number}\n")
    return 0


async def _resume(manager: JobManager, queue: str) -> int:
    paused = await _paused(manager)
    if queue not in paused:
        sys.stderr.write(f"{queue}: is not paused\n")
        return 1
    await manager.cancel_job_by_id_async(paused[queue], delete_job=True)
    sys.stdout.write(f"resumed: {queue}\n")
    return 0


async def _paused(manager: JobManager) -> dict[str, int]:
    waiting = await manager.list_jobs_async(task=PAUSE, status="todo")
    return {job.queue: job.id for job in waiting if job.id is not None}
