"""What the work on accounts is done with, made once for each process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from slipway_kit.accounts.settings import AccountSettings
from slipway_kit.email_templates import render_email
from slipway_kit.mail import Mailer
from slipway_kit.tokens import AccessTokens, DenyList

from .. import about
from .later import Later

EMAILS = Path(__file__).parents[1] / "email" / "templates"
"""The texts of the emails, one file for each."""


@dataclass(frozen=True)
class AuthServices:
    """What the work on accounts is done with; its methods are for threads.

    Attributes:
        settings: The settings of accounts.
        tokens: Signs access tokens.
        denied: The revoked tokens, where that is quicker to ask than the database.
        mailer: Sends mails.
        later: Does what no response waits for.
    """

    settings: AccountSettings
    tokens: AccessTokens
    denied: DenyList
    mailer: Mailer
    later: Later

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: AccountSettings, tokens: AccessTokens, denied: DenyList, mailer: Mailer
    ) -> AsyncIterator[Self]:
        """Open what accounts need."""
        async with Later.opened(mailer, tokens) as later:
            yield cls(settings, tokens, denied, mailer, later)

    def post(self, name: str, to: str, **fields: str) -> None:
        """Send a mail when the transaction is committed, without waiting for it.

        Args:
            name: Its text's name, among those in email/templates/.
            to: The address.
            fields: What the text has gaps for.
        """
        self.later.send(render_email(EMAILS, name, to, service=about.NAME, **fields))

    def link(self, page: str, token: str) -> str:
        """Return the line of a mail that leads to a page of the application; empty without one.

        The token is in the fragment, which browsers do not send.
        """
        url = self.settings.account_pages_url
        return "" if url is None else f"{str(url).rstrip('/')}/{page}#token={token}"
