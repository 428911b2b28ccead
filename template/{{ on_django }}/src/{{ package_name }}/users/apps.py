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

    def ready(self) -> None:
        """Have all serializers of users, those of your own apps too, leave out the hash."""
        from rest_framework.serializers import ModelSerializer  # noqa: PLC0415 -- it needs the apps

        from slipway_kit.django.password_hash import PasswordHash  # noqa: PLC0415 -- as above

        from .hashers import PasswordField  # noqa: PLC0415 -- as above

        ModelSerializer.serializer_field_mapping[PasswordField] = PasswordHash
