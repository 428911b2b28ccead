"""`manage.py runserver`: the service with all its middlewares, and with reload."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ....__main__ import serve


class Command(BaseCommand):
    """Serves as `make dev` does."""

    help = "Serve with reload, as `make dev` does."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take an address and a port, or a port, as Django's own command does."""
        parser.add_argument("addrport", nargs="?", default="127.0.0.1:8000")
        parser.add_argument("--noreload", action="store_false", dest="reload")

    def handle(self, *args: Any, addrport: str, reload: bool, **options: Any) -> None:
        """Serve until a signal ends it."""
        del args, options
        host, _, port = addrport.rpartition(":")
        if not port.isdecimal():
            raise CommandError(f"{addrport}: must be a port, or an address and a port")
        os.environ |= {"HOST": host or "127.0.0.1", "PORT": port}
        serve(reload=reload)
