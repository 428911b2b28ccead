"""Django's command, with what a changed password brings about in this service."""

from typing import Any

from django.contrib.auth.management.commands import changepassword

from ...administration import follow_password


class Command(changepassword.Command):
    """Changes a user's password."""

    help = "Change a user's password: all sessions end, and the audit trail says so."

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Ask for a password, and set it."""
        email = (options["username"] or "").strip().lower()
        told = super().handle(*args, **{**options, "username": email})
        follow_password(email)
        return told
