"""The mailbox of the service's own tests."""

from ...accounts.mails import Mailbox

__all__ = ["Mailbox"]
