"""A real SMTP server on loopback that keeps mails as files, and what reads them."""

import email
import itertools
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import quote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.project import free_port

PATIENCE_SECONDS = 15.0
_TOKEN = re.compile(r"^[A-Za-z0-9_-]{40,}\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Mailbox:
    """A folder of mails, with a folder for each address in it."""

    folder: Path

    def mails(self, address: str) -> list[EmailMessage]:
        """Return the mails that an address has got so far, the oldest first."""
        return [
            email.message_from_bytes(file.read_bytes(), policy=default)
            for file in sorted(self._of(address).glob("*.eml"))
        ]

    def wait(self, address: str, number: int = 1, *, subject: str = "") -> EmailMessage:
        """Return the so-many-th mail to an address with these words in its subject."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = [mail for mail in self.mails(address) if subject in mail["Subject"]]
            if len(found) >= number:
                return found[number - 1]
            assert time.monotonic() < deadline, f"{len(found)} of {number} mails came: {subject}"
            time.sleep(0.02)

    def token(self, address: str, number: int = 1, *, subject: str = "") -> str:
        """Return the token of the so-many-th mail to an address, which waits for it."""
        found = _TOKEN.search(self.wait(address, number, subject=subject).get_content())
        assert found, "the mail has no token"
        return found[0].strip()

    def _of(self, address: str) -> Path:
        return self.folder / quote(address.lower(), safe="@+")


class _Keeper:
    """Takes each mail, and keeps it in a file once for each address that it is for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- the library's name
        del server, session
        content = envelope.original_content or b""
        for address in envelope.rcpt_tos:
            folder = self._folder / quote(address.lower(), safe="@+")
            folder.mkdir(exist_ok=True)
            part = folder / f"{next(self._numbers):06}.part"
            part.write_bytes(content)
            part.rename(part.with_suffix(".eml"))
        return "250 kept"


@contextmanager
def receiving(folder: Path) -> Iterator[dict[str, str]]:
    """Run an SMTP server that keeps mails in a folder; the settings that lead a service to it."""
    port = free_port()
    controller = Controller(_Keeper(folder), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": "none"}
    finally:
        controller.stop()
