"""Waits for the jobs of the service under test, which runs them itself."""

import asyncio

from procrastinate.manager import JobManager
from procrastinate.utils import utcnow
from starlette.testclient import TestClient


def finish_jobs(client: TestClient) -> None:
    """Return when no job is running or due."""
    assert client.portal is not None
    client.portal.call(_finish, client.app_state["jobs"].job_manager)


async def _finish(manager: JobManager) -> None:
    async def is_busy() -> bool:
        waiting = await manager.list_jobs_async(status="todo")
        due = [job for job in waiting if job.scheduled_at is None or job.scheduled_at <= utcnow()]
        return bool(due or list(await manager.list_jobs_async(status="doing")))

    async with asyncio.timeout(60):
        while await is_busy():  # noqa: ASYNC110 -- workers notify each other only of new jobs
            await asyncio.sleep(0.01)
