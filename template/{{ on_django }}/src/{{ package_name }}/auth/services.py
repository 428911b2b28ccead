"""What the work on accounts is done with, made once for each process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Self

from django.db import connection

from .. import about
from ..core.background_tasks import BackgroundTask, BackgroundTasks
from ..core.email_templates import render_email
from ..core.mail import Mailer
from ..core.tokens import AccessTokens, DenyList
from ..resources import is_in_tests, wait_for
from .settings import AccountSettings


@dataclass(frozen=True)
class AuthServices:
    """What the work on accounts is done with; its methods are for threads.

    Attributes:
        settings: The settings of accounts.
        tokens: Signs access tokens.
        denied: The revoked tokens, where that is quicker to ask than the database.
        background_tasks: Work that no response waits for.
        mailer: Sends mails.
        thread: Where such work asks the database.
    """

    settings: AccountSettings
    tokens: AccessTokens
    denied: DenyList
    background_tasks: BackgroundTasks
    mailer: Mailer
    thread: ThreadPoolExecutor

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: AccountSettings, tokens: AccessTokens, denied: DenyList, mailer: Mailer
    ) -> AsyncIterator[Self]:
        """Open what accounts need; mails that wait are sent before it is closed."""
        thread = ThreadPoolExecutor(1, "background-tasks")
        try:
            async with BackgroundTasks.opened() as tasks:
                yield cls(settings, tokens, denied, tasks, mailer, thread)
        finally:
            thread.shutdown(wait=False, cancel_futures=True)

    def later(self, work: Callable[[], None]) -> None:
        """Have something done that asks the database, without waiting for it.

        A test has it done at once, for its transaction is seen by its own connection only.
        """
        if is_in_tests():
            work()
            return

        async def task() -> None:
            context = copy_context()
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self.thread, context.run, _done, work)

        self._add(task)

    def post(self, name: str, to: str, **fields: str) -> None:
        """Send a mail, without waiting for it.

        Args:
            name: Its text's name, among those in email/templates/.
            to: The address.
            fields: What the text has gaps for.
        """
        mail = render_email(name, to, service=about.NAME, **fields)
        self._add(partial(self.mailer.send, mail))

    def link(self, page: str, token: str) -> str:
        """Return the line of a mail that leads to a page of the application; empty without one.

        The token is in the fragment, which browsers do not send.
        """
        url = self.settings.account_pages_url
        return "" if url is None else f"{str(url).rstrip('/')}/{page}#token={token}"

    def _add(self, task: BackgroundTask) -> None:
        async def add() -> None:
            self.background_tasks.add(task)

        wait_for(add())


def _done(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()
