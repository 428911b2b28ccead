"""Creates the application: Django, with the middlewares around it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import django

from .settings import Settings, load_settings

if TYPE_CHECKING:
    from .service import Service


def create_app(settings: Settings | None = None) -> Service:
    """Return the application; without settings, with those of the environment."""
    settings = settings or load_settings()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__package__}.config.settings")
    django.setup()
    # What is made of Django's parts can be loaded only now.
    from .service import Service  # noqa: PLC0415

    return Service(settings)
