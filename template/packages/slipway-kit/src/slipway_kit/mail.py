"""Mails: what one is, where it goes, and what becomes of one that cannot go there now."""

import asyncio
import logging
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from email.errors import ObsoleteHeaderDefect
from email.headerregistry import Address
from email.policy import SMTP
from enum import StrEnum
from typing import Annotated, Protocol
from uuid import uuid4

from pydantic import AfterValidator, Field, FilePath, SecretStr

from .client_ip import parse_address as parse_ip_address
from .settings_group import DeploymentExample, SettingsGroup

UNSET = "no-reply@localhost"
WAITS = (2.0, 10.0)
"""Seconds before a mail is tried a second and a third time."""

_NO_ADDRESS = "must be like no-reply@example.com, or Service <no-reply@example.com>"
# A terminal obeys these; what someone else wrote must not tell it anything.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) != "\n"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mail:
    """A mail in plain text; its text form shows nothing of it, for tokens are secrets.

    Attributes:
        to: The address, without a name.
        subject: One line.
        text: What it says, its lines ended by line feeds.
        identifier: The same for each try, so that servers can tell a mail that came twice.
    """

    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    identifier: str = field(default_factory=lambda: str(uuid4()), compare=False)


class Mailer(Protocol):
    """Sends mails."""

    async def send(self, mail: Mail) -> None:
        """Send an email, and return when the server has accepted it.

        Raises:
            MailError: It was not sent; the message quotes nothing of it.
        """


class MailError(Exception):
    """A mail was not sent, and would not be if it were tried again."""


class MailDelayedError(MailError):
    """A mail was not sent, but might be if it were tried again."""


class SmtpTls(StrEnum):
    """How the way to the mail server is encrypted."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


def parse_address(text: str) -> Address:
    """Return an address from a text like `no-reply@example.com` or `Service <no-reply@...>`.

    Raises:
        ValueError: It is no such text.
    """
    try:
        header = SMTP.header_factory("From", text)
    except IndexError:  # a bug of the parser of Python 3.12, at "name@"
        raise ValueError(_NO_ADDRESS) from None
    address: Address = header.addresses[0] if len(header.addresses) == 1 else Address()
    # "Example Inc." has a dot where the grammar of today has none, and everybody understands it.
    defects = [each for each in header.defects if not isinstance(each, ObsoleteHeaderDefect)]
    if defects or not address.username or not address.domain:
        raise ValueError(_NO_ADDRESS)
    if not address.addr_spec.isascii():
        raise ValueError("must have an address of ASCII characters")
    return address


def _check_address(value: str) -> str:
    parse_address(value)
    return value


def _is_this_host(name: str) -> bool:
    address = parse_ip_address(name)
    return name == "localhost" if address is None else address.is_loopback


def _check_certificates(value: FilePath | None) -> FilePath | None:
    if value is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
        except OSError:  # as OpenSSL's errors are, too
            raise ValueError("must be a file of certificates in PEM form") from None
    return value


class MailSettings(SettingsGroup):
    """Mail."""

    smtp_host: Annotated[
        str | None,
        Field(
            description="The mail server; unset: emails are printed in development, else dropped."
        ),
    ] = None
    smtp_port: Annotated[
        int | None,
        Field(
            description="The server's port; unset: 587, with tls 465, with none 25.", ge=1, le=65535
        ),
    ] = None
    smtp_username: Annotated[
        str | None, Field(description="The user of the mail server; unset: no login.")
    ] = None
    smtp_password: Annotated[SecretStr | None, Field(description="The password of that user.")] = (
        None
    )
    smtp_tls: Annotated[
        SmtpTls, Field(description="Encryption: starttls (required), tls or none.")
    ] = SmtpTls.STARTTLS
    smtp_ca_file: Annotated[
        FilePath | None,
        AfterValidator(_check_certificates),
        Field(description="A PEM file of authorities to trust beside the system's."),
    ] = None
    smtp_timeout: Annotated[
        float, Field(description="Timeout of sending an email, in seconds.", gt=0, le=60)
    ] = 10.0
    mail_from: Annotated[
        str,
        AfterValidator(_check_address),
        Field(description="The sender, an address or Name <address>."),
    ] = UNSET

    @classmethod
    def deployment_examples(cls) -> dict[str, DeploymentExample]:
        """Return what a deployment may set."""
        return {
            "smtp_host": DeploymentExample("smtp.example.com"),
            "smtp_username": DeploymentExample("service"),
            "smtp_password": DeploymentExample("password"),
            "mail_from": DeploymentExample("no-reply@example.com", "no-reply@staging.example.com"),
        }

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        if self.smtp_host is None:
            return ["SMTP_HOST: is unset, so that no mail is sent"]
        findings = []
        if self.mail_from == UNSET:
            findings.append("MAIL_FROM: is unset; a server takes mails of an address it knows")
        if (self.smtp_username is None) != (self.smtp_password is None):
            findings.append("SMTP_PASSWORD: goes with SMTP_USERNAME; only one of them is set")
        is_elsewhere = self.smtp_password is not None or not _is_this_host(self.smtp_host)
        if self.smtp_tls is SmtpTls.NONE and is_elsewhere:
            findings.append("SMTP_TLS: is none, so that tokens cross the network in plain text")
        return findings


class ConsoleMailer:
    """Shows mails on standard error instead of sending them.

    Not by the log: a log is kept, sent elsewhere and read by many, and a token is a secret.

    Args:
        shown: Whether mails are shown; else a line in the log says only that there was one.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown

    async def send(self, mail: Mail) -> None:
        """Show a mail."""
        if not self._shown:
            logger.warning("A mail was dropped: SMTP_HOST is not set")
            return
        text = f"To: {mail.to}\nSubject: {mail.subject}\n\n{mail.text.rstrip()}"
        shown = text.translate(_CONTROLS)
        rule = "-" * 72
        sys.stderr.write(f"{rule}\n{shown}\n{rule}\n")
        sys.stderr.flush()


class RetryingMailer:
    """Retries a mail whose server is unavailable, or asks to come back later.

    Args:
        mailer: What sends.
        waits: Seconds before each further try.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        mailer: Mailer,
        *,
        waits: Sequence[float] = WAITS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._mailer = mailer
        self._waits = waits
        self._sleep = sleep

    async def send(self, mail: Mail) -> None:
        """Send a mail.

        Raises:
            MailError: It was not sent, in no try.
        """
        for wait in self._waits:
            try:
                await self._mailer.send(mail)
            except MailDelayedError as error:
                logger.warning("A mail is tried again in %g s: %s", wait, error)
            else:
                return
            await self._sleep(wait)
        await self._mailer.send(mail)


def make_mailer(settings: MailSettings, *, shown: bool) -> Mailer:
    """Return what sends the service's mails.

    Args:
        settings: Where to.
        shown: Whether mails are shown on standard error where the settings name no server.
    """
    if settings.smtp_host is None:
        return ConsoleMailer(shown=shown)
    # Who has no server need not wait until its client is loaded.
    from .smtp import SmtpMailer  # noqa: PLC0415

    return RetryingMailer(SmtpMailer(settings))
