"""A mailbox for the tests: what the service mails is looked at here."""

import re

from starlette.testclient import TestClient


class Mailbox:
    """Takes the mails that a service under test sends."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str, str]] = []

    async def send(self, mail: object) -> None:
        """Take a mail."""
        self.texts.append(tuple(getattr(mail, name) for name in ("to", "subject", "text")))

    def all(self, client: TestClient) -> list[tuple[str, str]]:
        """Return addresses and subjects, once nothing more is on its way."""
        assert client.portal is not None
        client.portal.call(client.app_state["accounts"].background_tasks.finish)
        return [(to, subject) for to, subject, _ in self.texts]

    def token(self, client: TestClient) -> str:
        """Return the token of the newest mail."""
        self.all(client)
        match = re.search(r"^[\w-]{43}$", self.texts[-1][2], re.MULTILINE)
        assert match
        return match[0]
