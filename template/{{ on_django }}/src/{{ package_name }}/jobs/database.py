"""Where jobs are stored: in the service's own database."""

import os
from contextlib import AbstractAsyncContextManager
from typing import Any

import django
from django.apps import apps
from django.db import connection
from procrastinate import BaseConnector
from procrastinate.contrib.django.utils import connector_params

from slipway_kit.jobs.connection import open_connector

from ..settings import Settings


def is_stored(_: Settings) -> bool:
    """Return whether jobs are stored, in PostgreSQL; else they stay in this process's memory."""
    _set_django_up()
    return connection.vendor == "postgresql"


def connected(settings: Settings) -> AbstractAsyncContextManager[BaseConnector]:
    """Connect to the database, or to a memory."""
    options = connection_options(settings) if is_stored(settings) else None
    return open_connector(
        options, pool_size=settings.database_pool_size, wait_seconds=settings.database_timeout
    )


def connection_options(_: Settings) -> dict[str, Any]:
    """Return the options of a connection to the database, as Django has it."""
    _set_django_up()
    return connector_params()


def _set_django_up() -> None:
    if not apps.ready:  # in a command
        package = (__package__ or "").partition(".")[0]
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{package}.config.settings")
        django.setup()
