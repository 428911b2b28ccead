"""The accounts, as Django knows them."""

from typing import ClassVar

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app; Django's own one is called auth, so that this is not."""

    name = __package__ or ""
    label = "accounts"
    tags: ClassVar[dict[str, str]] = {
        "auth": "Accounts: registering, logging in, passwords and tokens."
    }
