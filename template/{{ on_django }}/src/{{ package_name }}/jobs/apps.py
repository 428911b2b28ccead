"""The app of the service's jobs."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Has the admin site's pages of jobs."""

    name = __package__ or ""
    label = "jobs"
