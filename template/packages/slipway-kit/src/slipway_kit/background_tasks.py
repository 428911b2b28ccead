"""Work that a response does not wait for, like sending an email."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import Context, copy_context
from typing import Self

BackgroundTask = Callable[[], Awaitable[object]]

WORKERS = 4
"""How many of them a process runs at the same time."""
HEAD_START_SECONDS = 0.05
"""How long a task waits for its response, so that the duration does not reveal the task."""
SECONDS_TO_CLEAN_UP = 1.0
"""How long a cancelled task has to close its resources."""

logger = logging.getLogger(__name__)


class BackgroundTasks:
    """Runs tasks after the response, several at the same time; create it with opened().

    Each runs in the context of its request, so that its log lines have the correlation ID of
    that request. Waiting tasks are lost when the process is killed.

    Args:
        most_waiting: How many may wait; further tasks are dropped.
    """

    def __init__(self, most_waiting: int) -> None:
        self._waiting: asyncio.Queue[tuple[BackgroundTask, Context]] = asyncio.Queue(most_waiting)
        self._unfinished = 0
        self._open = True

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, *, most_waiting: int = 1000, seconds_to_finish: float = 10
    ) -> AsyncIterator[Self]:
        """Run the workers, and finish the waiting tasks at the end.

        Args:
            most_waiting: How many may wait.
            seconds_to_finish: How long that may take; the remaining tasks are dropped.
        """
        tasks = cls(most_waiting)
        workers = [asyncio.create_task(tasks._work()) for _ in range(WORKERS)]
        try:
            yield tasks
        finally:
            tasks._open = False
            try:
                async with asyncio.timeout(seconds_to_finish):
                    await tasks.finish()
            except TimeoutError:
                logger.error("Background tasks that the stop cut off: %d", tasks._unfinished)  # noqa: TRY400 -- the time is up, no more
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    def add(self, background_task: BackgroundTask) -> None:
        """Add a task. It is dropped, with a line in the log, if too many are waiting.

        Args:
            background_task: Starts it; its result is ignored, its exception is logged.
        """
        if self._open:
            with suppress(asyncio.QueueFull):
                self._waiting.put_nowait((background_task, copy_context()))
                self._unfinished += 1
                return
        reason = "too many are waiting" if self._open else "the service stops"
        logger.error("A background task was dropped: %s", reason)

    async def finish(self) -> None:
        """Wait until all tasks are done."""
        await self._waiting.join()

    async def _work(self) -> None:
        while True:
            background_task, context = await self._waiting.get()
            if self._open:
                await asyncio.sleep(HEAD_START_SECONDS)
            task = asyncio.create_task(_run(background_task), context=context)
            try:
                # Unlike awaiting the task, this separates its cancellation from the worker's own.
                await asyncio.wait([task])
            finally:
                if task.cancel():
                    await asyncio.wait([task], timeout=SECONDS_TO_CLEAN_UP)
            self._unfinished -= 1
            self._waiting.task_done()


async def _run(background_task: BackgroundTask) -> None:
    try:
        await background_task()
    except Exception:
        logger.exception("A background task failed")
