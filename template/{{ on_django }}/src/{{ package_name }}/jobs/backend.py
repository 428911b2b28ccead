"""The service's jobs as a backend of django.tasks, for packages that know no other."""

from collections.abc import Mapping
from typing import Any

from django.tasks import Task, TaskResult, TaskResultStatus
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.exceptions import InvalidTask
from django.utils.module_loading import import_string
from django.utils.timezone import now

from .app import enqueue, jobs


class JobBackend(BaseTaskBackend):
    """Stores tasks as jobs, which commit or roll back with the transaction."""

    supports_async_task = True
    supports_defer = True
    supports_priority = True

    def validate_task(self, task: Any) -> None:
        """Refuse a task that cannot run as a job.

        Raises:
            InvalidTask: It cannot.
        """
        super().validate_task(task)
        if task.takes_context:
            raise InvalidTask("A job has no context of django.tasks.")

    def enqueue(self, task: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """Store a task."""
        self.validate_task(task)
        deferrer = run_task.configure(
            queue=task.queue_name, priority=task.priority, schedule_at=task.run_after
        )
        result: TaskResult[..., Any] = TaskResult(
            task=task,
            id="",  # results are not kept
            status=TaskResultStatus.READY,
            enqueued_at=now(),
            started_at=None,
            finished_at=None,
            last_attempted_at=None,
            args=args,
            kwargs=dict(kwargs),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
        enqueue(deferrer, path=task.module_path, args=result.args, kwargs=result.kwargs)
        return result


@jobs.task(name="django.task")
def run_task(*, path: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Run a task of django.tasks, in a test in its own thread, which has the test's connection."""
    task: Task[..., Any] = import_string(path)
    task.call(*args, **kwargs)
