"""Django's command, with the service's own server and middlewares."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ....__main__ import serve


class Command(BaseCommand):
    """Serves with reload, as `make dev` does."""

    help = "Serve with reload, as `make dev` does; that migrates the database, too."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take an address, as Django's command does."""
        parser.add_argument("addrport", nargs="?", default="", help="port, or address:port")
        parser.add_argument("--noreload", action="store_false", dest="reload")

    def handle(self, *_: Any, addrport: str, reload: bool, **__: Any) -> None:
        """Serve until a signal."""
        host, _colon, port = addrport.rpartition(":")
        if port and not port.isdecimal():
            raise CommandError(f"{addrport}: must be a port, or an address and a port")
        os.environ |= {key: value for key, value in (("HOST", host), ("PORT", port)) if value}
        serve(reload=reload)
