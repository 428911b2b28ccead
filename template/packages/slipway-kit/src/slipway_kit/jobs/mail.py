"""When a job that sends an email runs again."""

from procrastinate import RetryDecision
from procrastinate.jobs import Job

from ..mail import MailDelayedError, MailError
from .retries import Backoff


class MailBackoff(Backoff):
    """Retries an email, but not one that the server refuses."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when it is sent again; None for never."""
        if isinstance(exception, MailError) and not isinstance(exception, MailDelayedError):
            return None
        return super().get_retry_decision(exception=exception, job=job)
