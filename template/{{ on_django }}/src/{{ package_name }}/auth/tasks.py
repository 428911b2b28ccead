"""The jobs of accounts."""

from procrastinate import JobContext

from ..jobs.app import jobs
from . import known_clients, passwords, registration
from .administration import remove_old


@jobs.task(name="auth.send_reset", pass_context=True, queue="email")
def send_reset(context: JobContext, *, email: str) -> None:
    """Send a reset token, if the email has an account."""
    passwords.send_reset(context.additional_context["state"]["accounts"], email)


@jobs.task(name="auth.send_verification", pass_context=True, queue="email")
def send_verification(context: JobContext, *, email: str) -> None:
    """Send another token, if the email is unverified."""
    registration.send_verification(context.additional_context["state"]["accounts"], email)


@jobs.task(name="auth.send_warning", pass_context=True, queue="email")
def send_warning(context: JobContext, *, email: str) -> None:
    """Tell the owner of an account that no more guesses are allowed."""
    known_clients.send_warning(context.additional_context["state"]["accounts"], email)


@jobs.periodic(cron="17 3 * * *")
@jobs.task(name="auth.prune", queueing_lock="auth.prune", pass_context=True)
def prune(context: JobContext, timestamp: int) -> None:
    """Remove what `make prune` removes."""
    del timestamp
    remove_old(context.additional_context["state"]["settings"])
