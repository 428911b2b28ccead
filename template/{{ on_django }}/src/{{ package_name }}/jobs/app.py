"""The jobs of the service: `@jobs.task()` declares one, `enqueue` stores it.

    @jobs.task(queue="reports")
    def send_report(*, order_id: int) -> None: ...

    with transaction.atomic():
        order = Order.objects.create(...)
        enqueue(send_report, order_id=order.pk)

Tasks stand in a `tasks.py` of any folder of the package. A task may run twice (docs/jobs.md).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from inspect import iscoroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.db import connection, transaction
from procrastinate import App
from procrastinate.contrib.django import app as jobs
from procrastinate.jobs import JobDeferrer
from procrastinate.tasks import Task
from procrastinate.testing import InMemoryConnector

from slipway_kit.django.resources import is_in_tests, resources, wait_for
from slipway_kit.jobs.connection import task_modules
from slipway_kit.jobs.manager import ContextJobManager

from ..settings import Settings
from .database import connected, is_stored

__all__ = ["enqueue", "jobs", "opened", "prepare"]


def enqueue(job: Task[..., Any, Any] | JobDeferrer, **arguments: Any) -> None:
    """Enqueue a job, which commits or rolls back with the transaction; a test has it done at once.

    Args:
        job: The task, or a task with options: `send_report.configure(priority=5)`.
        arguments: The task's arguments, as JSON has them.
    """
    deferrer = job.configure() if isinstance(job, Task) else job
    if is_in_tests():  # whose transaction is never committed
        _run(deferrer, arguments)
        return
    if connection.vendor == "postgresql":
        deferrer.defer(**arguments)
        return
    transaction.on_commit(lambda: _defer(deferrer, arguments))


def _defer(deferrer: JobDeferrer, arguments: dict[str, Any]) -> None:
    wait_for(deferrer.defer_async(**arguments))


def _run(deferrer: JobDeferrer, arguments: dict[str, Any]) -> None:
    jobs.perform_import_paths()  # type: ignore[no-untyped-call] # the package's own gap
    task = jobs.tasks[deferrer.job.task_name]
    context = [SimpleNamespace(additional_context={"state": resources()})]
    done = task.func(*(context if task.pass_context else ()), **arguments)
    if iscoroutine(done):
        wait_for(done)


def prepare(app: App) -> None:
    """Complete the app of the package; Django's settings name this function."""
    if connection.vendor != "postgresql":
        app.connector = InMemoryConnector()
    app.job_manager = ContextJobManager(app)
    app.import_paths = [*task_modules(Path(__file__).parents[1]), f"{__package__}.backend"]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[App]:
    """Connect to the queue, to run jobs; they are enqueued by Django's own connection."""
    async with connected(settings) as connector:
        if is_stored(settings):
            worker = jobs.with_connector(connector)
            worker.job_manager = ContextJobManager(worker)
            yield worker
            return
        with jobs.replace_connector(connector) as app:
            yield app
