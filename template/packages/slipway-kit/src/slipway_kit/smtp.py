"""Mails by SMTP (RFC 5321)."""

import asyncio
import re
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from .mail import Mail, MailDelayedError, MailError, MailSettings, SmtpTls, parse_address

GOODBYE_SECONDS = 1.0
"""How long the server is waited for when it has the mail."""

_ERRORS = (SMTPException, OSError)
# One address, and neither a second nor a name, a comment or an option of the protocol.
_ADDRESS = re.compile(r"""([^\s@<>()[\]\\,:;"]+)@([^\s@<>()[\]\\,:;"]+)""")
_REASON = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")


class SmtpMailer:
    """Hands mails to a server, a connection each; its certificate is checked.

    Args:
        settings: The server, and who the service is to it.
    """

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._sender = parse_address(settings.mail_from)
        self._tls: ssl.SSLContext | None = None
        if settings.smtp_tls is not SmtpTls.NONE:
            self._tls = ssl.create_default_context()
            if settings.smtp_ca_file is not None:
                self._tls.load_verify_locations(settings.smtp_ca_file)

    async def send(self, mail: Mail) -> None:
        """Send a mail.

        Messages of servers may quote the email's address, so they are not passed on.

        Raises:
            MailDelayedError: The server is unavailable, slow, or asks to come back later.
            MailError: It will not take the mail.
        """
        message = self._message(mail)
        client = self._client()
        try:
            async with asyncio.timeout(self._settings.smtp_timeout):
                await client.connect()
                await client.send_message(message)
            # From here on it has the mail; whatever it does now is no reason to send it again.
            with suppress(*_ERRORS):
                await client.quit(timeout=GOODBYE_SECONDS)
        except _ERRORS as error:
            raise self._described(error) from None
        finally:
            client.close()

    def _client(self) -> SMTP:
        settings = self._settings
        password = settings.smtp_password
        return SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=None if password is None else password.get_secret_value(),
            # A container's own name means nothing to others, and looking it up takes time.
            local_hostname=self._sender.domain,
            timeout=settings.smtp_timeout,
            use_tls=settings.smtp_tls is SmtpTls.TLS,
            # Never optional: an attacker between the two could remove the offer.
            start_tls=settings.smtp_tls is SmtpTls.STARTTLS,
            tls_context=self._tls,
        )

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        address = _ADDRESS.fullmatch(mail.to)
        if address is None or not mail.to.isprintable():
            raise MailError("the address is malformed")
        try:
            message["From"] = self._sender
            message["To"] = Address(username=address[1], domain=address[2])
            message["Subject"] = mail.subject
            message["Date"] = localtime()
            message["Message-ID"] = f"<{mail.identifier}@{self._sender.domain}>"
            # No automatic replies (RFC 3834, section 5).
            message["Auto-Submitted"] = "auto-generated"
            message.set_content(mail.text)
        except ValueError:
            raise MailError("the subject or the text is malformed") from None
        return message

    def _described(self, error: BaseException) -> MailError:
        if isinstance(error, SMTPRecipientsRefused):
            error = error.recipients[0]  # of one
        kind = type(error).__name__
        if isinstance(error, SMTPResponseException):
            found = _REASON.match(error.message)
            reason = f" {found[0]}" if found else ""
            text = f"the mail server said {error.code}{reason} ({kind})"
            return MailError(text) if error.code >= 500 else MailDelayedError(text)  # noqa: PLR2004 -- RFC 5321, section 4.2.1
        if isinstance(error, OSError):
            # Of the connection, and so of nothing that is in the mail.
            reason = str(error) or f"not done within {self._settings.smtp_timeout:g} s"
            return MailDelayedError(f"the mail server is out of reach: {reason} ({kind})")
        return MailError(f"the mail server cannot do what is needed ({kind})")
