"""The jobs of accounts."""

from procrastinate import JobContext

from slipway_kit.jobs.sealed import unseal_text

from ..jobs.app import jobs
from . import known_clients, passwords, registration
from .administration import remove_old
from .services import AuthServices


@jobs.task(name="auth.send_reset", pass_context=True, queue="email")
def send_reset(context: JobContext, *, sealed: str = "", email: str = "") -> None:
    """Send a reset token, if the email has an account."""
    services = context.additional_context["state"]["accounts"]
    passwords.send_reset(services, _address(services, sealed, email))


@jobs.task(name="auth.send_verification", pass_context=True, queue="email")
def send_verification(context: JobContext, *, sealed: str = "", email: str = "") -> None:
    """Send another token, if the email is unverified."""
    services = context.additional_context["state"]["accounts"]
    registration.send_verification(services, _address(services, sealed, email))


@jobs.task(name="auth.send_warning", pass_context=True, queue="email")
def send_warning(context: JobContext, *, sealed: str) -> None:
    """Tell the owner of an account that no more guesses are allowed."""
    services = context.additional_context["state"]["accounts"]
    known_clients.send_warning(services, _address(services, sealed))


@jobs.periodic(cron="17 3 * * *")
@jobs.task(name="auth.prune", queueing_lock="auth.prune", pass_context=True)
def prune(context: JobContext, timestamp: int) -> None:
    """Remove what `make prune` removes."""
    del timestamp
    remove_old(context.additional_context["state"]["settings"])


def _address(services: AuthServices, sealed: str, email: str = "") -> str:
    # Releases before 1.0.0rc2 stored it in clear, and what they stored may still wait.
    return email or unseal_text(sealed, services.tokens.keys)
