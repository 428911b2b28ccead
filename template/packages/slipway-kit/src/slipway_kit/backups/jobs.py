"""The job that verifies backups."""

import asyncio
import logging
import shutil
import sys
from typing import Any

from procrastinate import Blueprint, JobContext

from ..jobs.retries import Backoff

logger = logging.getLogger(__name__)


def add_verification(jobs: Blueprint, package: str) -> None:
    """Read all backups weekly, as `make verify-backup` does, where this host can make them.

    Args:
        jobs: The tasks of the service.
        package: The service's package.
    """

    @jobs.periodic(cron="43 4 * * 0")
    @jobs.task(
        name="backups.verify",
        queueing_lock="backups.verify",
        pass_context=True,
        retry=Backoff(attempts=3, timeout=12 * 3600),
    )
    async def verify(context: JobContext, timestamp: int) -> None:
        del timestamp
        state: Any = context.additional_context["state"]
        if state["settings"].restic_password is None or shutil.which("restic") is None:
            logger.info("The backups are not verified here: RESTIC_PASSWORD or restic is missing")
            return
        await _verify(package)


async def _verify(package: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"{package}.backups", "verify"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, errors = await process.communicate()
    finally:
        if process.returncode is None:  # the worker stops
            process.terminate()
            await process.wait()
    if process.returncode:
        logger.error("The backups were not verified", extra={"output": errors.decode()[-1000:]})
        raise RuntimeError("the backups were not verified")
