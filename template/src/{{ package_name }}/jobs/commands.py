"""The commands that have to do with jobs."""

import argparse
import asyncio
import os
import sys
from typing import Any

from procrastinate import exceptions
from procrastinate.manager import JobManager
from procrastinate.utils import utcnow

from ..settings import Settings, SettingsError
from .connection import open_connector
from .database import is_stored

_DROP = "DELETE FROM procrastinate_jobs WHERE id = %(job_id)s AND status = 'failed'"


def add_commands(commands: Any) -> None:
    """Add the commands to those of the service."""
    commands.add_parser("worker", help=run_worker.__doc__).set_defaults(run=run_worker)
    parser = commands.add_parser("jobs", help=manage_jobs.__doc__)
    parser.set_defaults(run=manage_jobs)
    parser.add_argument("--retry", metavar="ID", help="run a failed job again, or all")
    parser.add_argument("--drop", metavar="ID", help="delete a failed job, or all")


def run_worker(settings: Settings, _: argparse.Namespace) -> int:
    """Run jobs until a signal; health checks are served on PORT."""
    _require_stored(settings)
    os.environ |= {"JOBS_WORKER": "true", "DRAIN_SECONDS": "0"}  # no load balancer waits for it
    package = __package__.partition(".")[0]
    os.execv(sys.executable, [sys.executable, "-m", package, "serve"])  # noqa: S606 -- itself


def manage_jobs(settings: Settings, given: argparse.Namespace) -> int:
    """List the queues and the failed jobs, without arguments: those may be secret."""
    _require_stored(settings)
    try:
        return asyncio.run(_manage(settings, retry=given.retry, drop=given.drop))
    except exceptions.ConnectorException as error:
        reason = str(error.__cause__ or error)
        raise SettingsError(f"DATABASE_URL: {reason}; has `make migrate` been run?") from None


async def _manage(settings: Settings, retry: str | None, drop: str | None) -> int:
    async with open_connector(settings) as connector:
        manager = JobManager(connector)
        failed = {str(job.id): job for job in await manager.list_jobs_async(status="failed")}
        chosen = retry or drop
        if chosen is None:
            for queue in await manager.list_queues_async():
                counts = " ".join(f"{name}={queue[name]}" for name in ("todo", "doing", "failed"))
                sys.stdout.write(f"{queue['name']}: {counts}\n")
            for number, job in failed.items():
                sys.stdout.write(f"failed: {number} {job.task_name} attempts={job.attempts}\n")
            return 0
        if chosen != "all" and chosen not in failed:
            sys.stderr.write(f"{chosen}: no failed job has this number\n")
            return 1
        for number in list(failed) if chosen == "all" else [chosen]:
            if retry:
                await manager.retry_job_by_id_async(int(number), retry_at=utcnow())
            else:
                await connector.execute_query_async(_DROP, job_id=int(number))
            sys.stdout.write(f"{'to run again' if retry else 'dropped'}: {number}\n")
    return 0


def _require_stored(settings: Settings) -> None:
    if not is_stored(settings):
        raise SettingsError("DATABASE_URL: is SQLite, whose jobs the service runs by itself")
