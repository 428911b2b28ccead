"""Django's command, with the service's own server and middlewares."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ....__main__ import serve


class Command(BaseCommand):
    """Serves with reload, as `make dev` does."""

    help = "Serve with reload, as `make dev` does; that migrates the database, too."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take an address, as Django's command does."""
        parser.add_argument("addrport", nargs="?", default="", help="port, or address:port")

    def handle(self, *_: Any, addrport: str, **__: Any) -> None:
        """Serve until a signal."""
        host, _colon, port = addrport.rpartition(":")
        os.environ |= {key: value for key, value in (("HOST", host), ("PORT", port)) if value}
        serve(reload=True)
