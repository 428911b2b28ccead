"""When a failed job runs again."""

import random
from asyncio import CancelledError
from datetime import UTC, datetime, timedelta

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 3600.0


class Backoff(BaseRetryStrategy):
    """Retries with a wait that doubles, from seconds to an hour, with jitter.

    Args:
        attempts: How often the job runs, the first time included.
        timeout: Seconds until an attempt is ended; by default JOBS_TIMEOUT.
    """

    def __init__(self, attempts: int = 10, *, timeout: float | None = None) -> None:
        self.attempts = attempts
        self.timeout = timeout

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when the job runs again; None if it has failed for good."""
        if isinstance(exception, CancelledError):  # the worker stops: another one takes the job
            return RetryDecision(retry_at=datetime.now(UTC))
        if job.attempts + 1 >= self.attempts:
            return None
        wait = min(FIRST_SECONDS * 2**job.attempts, LONGEST_SECONDS)
        # Jobs that failed together are not to come back together.
        seconds = wait * random.uniform(0.5, 1)  # noqa: S311 -- guards nothing
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=seconds))
