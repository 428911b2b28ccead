"""The accounts, as Django knows them."""

from typing import ClassVar

from django.apps import AppConfig
from django.contrib.auth.signals import user_login_failed


class AccountsConfig(AppConfig):
    """The app; Django's own one is called auth, so that this is not."""

    name = __package__ or ""
    label = "accounts"
    tags: ClassVar[dict[str, str]] = {
        "auth": "Accounts: registering, logging in, passwords and tokens."
    }

    def ready(self) -> None:
        """Note failed logins, wherever they are tried."""
        from .backend import record_failure  # noqa: PLC0415 -- models are loaded by now

        user_login_failed.connect(record_failure)
