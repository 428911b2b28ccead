"""Django's way to the mail server, for mails of your own apps: the same as the service's."""

import ssl
from functools import cached_property
from pathlib import Path
from typing import Any

from django.core.mail.backends import smtp

from ..mail import MailSettings, SmtpTls


class SmtpBackend(smtp.EmailBackend):
    """Django's own, which knows no authorities but the system's.

    Args:
        ca_file: A PEM file of authorities to trust beside the system's; None for these alone.
        options: Those of Django's.
    """

    def __init__(self, *, ca_file: Path | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._ca_file = ca_file

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """What checks the server's certificate."""
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        return context


def make_mailers(settings: MailSettings, *, shown: bool) -> dict[str, dict[str, Any]]:
    """Return Django's setting MAILERS.

    Args:
        settings: Where to.
        shown: Whether mails are shown on standard output where the settings name no server.
    """
    if settings.smtp_host is None:
        kind = "console" if shown else "dummy"
        return {"default": {"BACKEND": f"django.core.mail.backends.{kind}.EmailBackend"}}
    password = settings.smtp_password
    options = {
        "host": settings.smtp_host,
        "port": settings.smtp_port,  # for none, Django has the same default for each way
        "username": settings.smtp_username,
        "password": None if password is None else password.get_secret_value(),
        "use_tls": settings.smtp_tls is SmtpTls.STARTTLS,
        "use_ssl": settings.smtp_tls is SmtpTls.TLS,
        "timeout": settings.smtp_timeout,
        "ca_file": settings.smtp_ca_file,
    }
    return {"default": {"BACKEND": f"{__name__}.{SmtpBackend.__name__}", "OPTIONS": options}}
