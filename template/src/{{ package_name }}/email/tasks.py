"""Emails as jobs: stored with the data they are about, and retried for hours."""

from procrastinate import JobContext, RetryDecision
from procrastinate.jobs import Job

from slipway_kit.jobs.retries import Backoff
from slipway_kit.mail import MailDelayedError, MailError

from ..jobs.app import jobs
from .sealed import unseal


class MailBackoff(Backoff):
    """Retries an email, but not one that the server refuses."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when it is sent again; None for never."""
        if isinstance(exception, MailError) and not isinstance(exception, MailDelayedError):
            return None
        return super().get_retry_decision(exception=exception, job=job)


@jobs.task(name="email.send", pass_context=True, queue="email", retry=MailBackoff())
async def send_email(context: JobContext, *, sealed: str) -> None:
    """Send an email; its identifier tells servers that a repeated one is the same."""
    accounts = context.additional_context["state"]["accounts"]
    await accounts.mailer.send(unseal(sealed, accounts.tokens.keys))
