"""What the service does in every process that sets Django up."""

from django.apps import AppConfig
from django.conf import settings

from .. import about


class ServiceConfig(AppConfig):
    """Reports errors of commands, the shell and workers to Sentry; requests have a middleware."""

    name = __package__ or ""
    label = "service"

    def ready(self) -> None:
        """Begin to report, where the settings name a server of Sentry's."""
        service = settings.SERVICE
        if service.sentry_dsn is None:
            return
        # Loading the SDK takes a fifth of a second.
        from ..core.redaction import Redactor  # noqa: PLC0415
        from ..core.sentry_client import Reporter  # noqa: PLC0415

        Reporter(
            service,
            Redactor(service.redact_keys),
            environment=service.environment,
            release=f"{about.SLUG}@{service.version}",
        )
