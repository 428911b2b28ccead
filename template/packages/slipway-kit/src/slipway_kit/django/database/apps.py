"""The database, as Django knows it."""

from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    """The app of the commands; an app of a team's may have the plain label."""

    name = __package__ or ""
    label = "slipway_database"
