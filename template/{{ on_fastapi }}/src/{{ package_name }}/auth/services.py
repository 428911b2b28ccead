"""What the work on accounts is done with, made once for each process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from slipway_kit.accounts.settings import AccountSettings
from slipway_kit.email_templates import render_email
from slipway_kit.mail import Mailer
from slipway_kit.tokens import AccessTokens, DenyList

from .. import about
from .hashing import Passwords
from .later import Later

EMAILS = Path(__file__).parents[1] / "email" / "templates"
"""The texts of the emails, one file for each."""


@dataclass(frozen=True)
class AuthServices:
    """What the work on accounts is done with.

    Attributes:
        settings: The settings of accounts.
        sessions: Makes transactions, for work that must not hold one while it hashes a password.
        tokens: Signs access tokens.
        passwords: Hashes passwords.
        denied: The revoked tokens, where that is quicker to ask than the database.
        later: Does what no response waits for.
        mailer: Sends mails.
    """

    settings: AccountSettings
    sessions: async_sessionmaker[AsyncSession]
    tokens: AccessTokens
    passwords: Passwords
    denied: DenyList
    later: Later
    mailer: Mailer

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        settings: AccountSettings,
        sessions: async_sessionmaker[AsyncSession],
        tokens: AccessTokens,
        denied: DenyList,
        mailer: Mailer,
    ) -> AsyncIterator[Self]:
        """Open what accounts need; mails that wait are sent before it is closed."""
        passwords = Passwords()
        try:
            async with (
                Later.opened(sessions, mailer, tokens) as later,
                asyncio.TaskGroup() as tasks,
            ):
                tasks.create_task(passwords.prepare())
                yield cls(settings, sessions, tokens, passwords, denied, later, mailer)
        finally:
            passwords.close()

    async def post(self, session: AsyncSession, name: str, to: str, **fields: str) -> None:
        """Send a mail when the transaction is committed, without waiting for it.

        Args:
            session: The transaction.
            name: Its text's name, among those in email/templates/.
            to: The address.
            fields: What the text has gaps for.
        """
        mail = render_email(EMAILS, name, to, service=about.NAME, **fields)
        await self.later.send(session, mail)

    def link(self, page: str, token: str) -> str:
        """Return the line of a mail that leads to a page of the application; empty without one.

        The token is in the fragment, which browsers do not send.
        """
        url = self.settings.account_pages_url
        return "" if url is None else f"{str(url).rstrip('/')}/{page}#token={token}"
