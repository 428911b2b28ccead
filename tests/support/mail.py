"""A real SMTP server on loopback that keeps mails as files, and what reads them."""

import asyncio
import email
import itertools
import re
import signal
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PATIENCE_SECONDS = 60.0
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


class _Controller(Controller):
    """Hangs up on whoever is still there when it stops: a transport must not be left open."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._connections: list[SMTP] = []

    def factory(self) -> SMTP:
        connection: SMTP = super().factory()  # type: ignore[no-untyped-call]  # has no types
        self._connections.append(connection)
        return connection

    def stop(self, no_assert: bool = False) -> None:  # noqa: FBT001, FBT002 -- the library's own
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(PATIENCE_SECONDS)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        for connection in self._connections:
            if isinstance(connection.transport, asyncio.WriteTransport):
                connection.transport.abort()
        # The library tells nobody when they are gone.
        while any(each.transport is not None for each in self._connections):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@contextmanager
def receiving(
    folder: Path, *, tls: str = "none", login: tuple[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """Run an SMTP server that keeps mails in a folder; the settings that lead a service to it.

    Args:
        folder: Where the mails go; the server's authority too, where it has a certificate.
        tls: The way to it, as SMTP_TLS says it; with one, nothing is taken in the clear.
        login: The only user and password that it takes mails from; None for all.
    """
    # Where this file runs alone, in a container, there is no other.
    from tests.support.project import free_port  # noqa: PLC0415

    port = free_port()
    settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": tls}
    context = None
    if tls != "none":
        authority = folder / "authority.pem"
        context = _certified(authority)
        settings["SMTP_CA_FILE"] = str(authority)
    if login:
        settings |= {"SMTP_USERNAME": login[0], "SMTP_PASSWORD": login[1]}
    controller = _Controller(
        _Keeper(folder),
        hostname="127.0.0.1",
        port=port,
        ssl_context=context if tls == "tls" else None,
        tls_context=context if tls == "starttls" else None,
        require_starttls=tls == "starttls",
        auth_required=login is not None,
        auth_require_tls=tls == "starttls",
        authenticator=_only(login),
    )
    controller.start()
    try:
        yield settings
    finally:
        controller.stop()


def _certified(authority: Path) -> ssl.SSLContext:
    import trustme  # noqa: PLC0415 -- as above

    made = trustme.CA()
    made.cert_pem.write_to_path(authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.issue_cert("127.0.0.1").configure_cert(context)
    return context


def _only(login: tuple[str, str] | None) -> Callable[..., AuthResult]:
    def authenticate(*given: Any) -> AuthResult:
        shown = given[-1]
        assert isinstance(shown, LoginPassword)
        known = login is not None and login == (shown.login.decode(), shown.password.decode())
        return AuthResult(success=known)

    return authenticate


if __name__ == "__main__":
    # FOLDER HOST PORT: until it is told to stop.
    alone = Controller(_Keeper(Path(sys.argv[1])), hostname=sys.argv[2], port=int(sys.argv[3]))
    alone.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    alone.stop()
