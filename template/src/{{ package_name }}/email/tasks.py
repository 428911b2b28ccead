"""Emails as jobs: stored with the data they are about, and retried for hours."""

from procrastinate import JobContext

from slipway_kit.jobs.mail import MailBackoff
from slipway_kit.jobs.sealed import unseal

from ..jobs.app import jobs


@jobs.task(name="email.send", pass_context=True, queue="email", retry=MailBackoff())
async def send_email(context: JobContext, *, sealed: str) -> None:
    """Send an email; its identifier tells servers that a repeated one is the same."""
    accounts = context.additional_context["state"]["accounts"]
    await accounts.mailer.send(unseal(sealed, accounts.tokens.keys))
