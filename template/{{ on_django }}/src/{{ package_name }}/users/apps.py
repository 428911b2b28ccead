"""The users, as Django knows them."""

from typing import ClassVar

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """The app; its tags describe it in the OpenAPI schema."""

    name = __package__ or ""
    label = "users"
    tags: ClassVar[dict[str, str]] = {
        "users": "Who has an account. Administrators see all of them, others themselves."
    }
