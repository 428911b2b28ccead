"""Runs jobs, until the process stops."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, Protocol

from procrastinate import App, JobContext, exceptions
from procrastinate.app import WorkerOptions
from procrastinate.job_context import AbortReason
from procrastinate.middleware import AsyncCallNext, WorkerMiddleware
from procrastinate.worker import Worker

from ..correlation import correlation_id, new_identifier
from ..health import Check
from . import CONTEXT
from .manager import ContextJobManager
from .retries import Backoff
from .settings import JobSettings

RESTART_SECONDS = 1.0
"""How long a worker waits that lost its database."""
MEASURING_SECONDS = 15.0
"""How often the queues are counted."""

_QUEUES = """
SELECT queue_name AS queue,
    count(*) FILTER (WHERE status = 'todo') AS waiting,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    coalesce(extract(epoch FROM now() - min(coalesce(scheduled_at, deferred.at))
        FILTER (WHERE status = 'todo')), 0)::float AS oldest_seconds,
    coalesce(extract(epoch FROM now() - min(started.at)), 0)::float AS running_seconds
FROM procrastinate_jobs AS job
LEFT JOIN procrastinate_events AS deferred
    ON deferred.job_id = job.id AND deferred.type = 'deferred'
LEFT JOIN LATERAL (
    SELECT max(at) AS at FROM procrastinate_events
    WHERE job_id = job.id AND type = 'started' AND job.status = 'doing'
) AS started ON true
WHERE status IN ('doing', 'failed')
    OR (status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()))
GROUP BY queue_name
"""

logger = logging.getLogger(__name__)


class Observer(Protocol):
    """Counts jobs."""

    def job_done(self, task: str, status: str, seconds: float) -> None:
        """Count and time an attempt."""

    def queues_read(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take the state of all queues."""


class JobWorker:
    """Runs jobs in this process.

    Args:
        app: The tasks, and where their jobs are.
        settings: The settings.
        state: What tasks find as `context.additional_context["state"]`.
        is_stored: Whether jobs are stored, in PostgreSQL.
        observer: What counts jobs.
    """

    middleware: ClassVar[Sequence[WorkerMiddleware]] = ()
    """What each attempt runs in."""

    def __init__(
        self,
        app: App,
        settings: JobSettings,
        state: Any,
        *,
        is_stored: bool,
        observer: Observer | None = None,
    ) -> None:
        self._app = app
        self._settings = settings
        self._state = state
        self._is_stored = is_stored
        self._observer = observer
        self._runs = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs meanwhile; those that run in the end have STOP_SECONDS, then run elsewhere."""
        self._app.perform_import_paths()  # type: ignore[no-untyped-call] # the package's own gap
        for task in self._app.tasks.values():
            # A task that names no strategy is retried, too: a stop must not lose its jobs.
            task.retry_strategy = task.retry_strategy or Backoff()
        # What was due before this process was done by the former one, whose memory is lost.
        started = 0 if self._is_stored else time.time()
        ContextJobManager.scheduled_from = started if self._settings.jobs_schedules else math.inf
        self._state["health"].add(Check("jobs", self.ping))
        measuring = asyncio.create_task(self._measure())
        running = asyncio.create_task(self._run())
        try:
            yield
        finally:
            for each in (measuring, running):
                each.cancel()
                with suppress(asyncio.CancelledError):
                    await each

    async def ping(self) -> None:
        """Raise if no jobs are run, as while the database is unavailable.

        Raises:
            RuntimeError: No jobs are run.
        """
        if not self._runs:
            raise RuntimeError("the worker does not run")

    async def _run(self) -> None:
        settings = self._settings
        options = WorkerOptions(
            concurrency=settings.jobs_concurrency,
            shutdown_graceful_timeout=self._state["settings"].stop_seconds,
            delete_jobs="successful",
            additional_context={"state": self._state},
            install_signal_handlers=False,
            update_heartbeat_interval=settings.jobs_stalled_seconds / 3,
            stalled_worker_timeout=settings.jobs_stalled_seconds,
            worker_middleware=[*self.middleware, self._observe],
        )
        if settings.jobs_queues:
            options["queues"] = settings.jobs_queues
        while True:
            self._runs = True
            try:
                await self._app.run_worker_async(**options)
                logger.warning("The worker lost its database; it starts again")
            except Exception as error:  # noqa: BLE001 -- whatever it was, jobs are to be run
                logger.warning("The worker starts again: %s", type(error).__name__)
            self._runs = False
            await asyncio.sleep(RESTART_SECONDS)

    async def _measure(self) -> None:
        while self._observer is not None and self._is_stored:
            # While the database is unavailable, other alerts say so.
            with suppress(exceptions.ConnectorException):
                self._observer.queues_read(
                    await self._app.connector.execute_query_all_async(_QUEUES)
                )
            await asyncio.sleep(MEASURING_SECONDS)

    async def _observe(self, call_next: AsyncCallNext, context: JobContext, _: Worker) -> Any:
        job = context.job
        given: Any = job.task_kwargs.pop(CONTEXT, {})
        correlation_id.set(given.get("correlation_id") or new_identifier())
        started = time.perf_counter()
        task = self._app.tasks[job.task_name]
        timeout = getattr(task.retry_strategy, "timeout", None) or self._settings.jobs_timeout
        try:
            async with asyncio.timeout(timeout):
                result = await call_next()
        except BaseException as error:
            if context.abort_reason() is AbortReason.USER_REQUEST:
                self._report(context, "cancelled", started, error)
                raise exceptions.JobAborted from error  # or it would be retried
            retried = task.get_retry_exception(exception=error, job=job) is not None
            self._report(context, "retried" if retried else "failed", started, error)
            raise
        finally:
            job.task_kwargs[CONTEXT] = given  # a memory's next attempt reads the same dictionary
        self._report(context, "succeeded", started)
        return result

    def _report(
        self, context: JobContext, status: str, started: float, error: BaseException | None = None
    ) -> None:
        seconds = time.perf_counter() - started
        fields = {
            "task": context.job.task_name,
            "job_id": context.job.id,
            "status": status,
            "attempt": context.job.attempts + 1,
            "duration_ms": round(seconds * 1000, 2),
        }
        if error is not None and status != "failed":
            fields["error"] = type(error).__name__
        level = {"succeeded": logging.INFO, "failed": logging.ERROR}.get(status, logging.WARNING)
        exception = error if status == "failed" else None
        logger.log(level, "job", extra=fields, exc_info=exception)
        if self._observer is not None:
            self._observer.job_done(context.job.task_name, status, seconds)
