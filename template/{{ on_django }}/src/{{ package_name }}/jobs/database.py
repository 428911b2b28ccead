"""Where jobs are stored: in the service's own database."""

import os
from typing import Any

import django
from django.apps import apps
from procrastinate.contrib.django.utils import connector_params

from ..settings import Settings


def is_stored(settings: Settings) -> bool:
    """Return whether jobs are stored, in PostgreSQL; else they stay in this process's memory."""
    return not settings.database_url.get_secret_value().startswith("sqlite")


def connection_options(_: Settings) -> dict[str, Any]:
    """Return the options of a connection to the database, as Django has it."""
    if not apps.ready:  # in a command
        package = (__package__ or "").partition(".")[0]
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{package}.config.settings")
        django.setup()
    return connector_params()
