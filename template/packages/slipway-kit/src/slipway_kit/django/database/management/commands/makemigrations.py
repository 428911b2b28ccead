"""Django's command, which also finds the apps that have no migration yet."""

from typing import Any

from django.apps import apps
from django.core.management.commands import makemigrations


class Command(makemigrations.Command):
    """Writes migrations; without labels, for all apps of the service and for no others."""

    def handle(self, *app_labels: str, **options: Any) -> None:
        """Write what is missing."""
        # Django looks by itself only at apps that have a folder for migrations.
        if not app_labels and not options["empty"]:
            package = apps.get_app_config("service").name.partition(".")[0]
            app_labels = tuple(
                app.label for app in apps.get_app_configs() if app.name.partition(".")[0] == package
            )
        super().handle(*app_labels, **options)
