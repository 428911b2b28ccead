"""A command that calls the service's own functions."""

import logging

from django.core.management.base import BaseCommand

from slipway_kit.django.resources import resources

from ....auth import registration
from ....items import service

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    def handle(self, *args: object, **options: object) -> None:
        item = service.create_item({"name": "imported", "quantity": 1})
        service.update_item(item, {"quantity": 2})
        registration.register(
            resources()["accounts"], "imported@example.com", "Imported", "correct horse battery"
        )
        logger.warning("imported with password=%s", "hunter2-planted")
        self.stdout.write(f"imported {item.pk}")
