"""The audit trail, as Django knows it."""

from typing import ClassVar

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The app; its tags describe it in the OpenAPI schema."""

    name = __package__ or ""
    label = "audit"
    tags: ClassVar[dict[str, str]] = {
        "audit": "Who did what to whose account, and when. For administrators."
    }
