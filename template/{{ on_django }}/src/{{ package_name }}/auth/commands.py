"""The commands that have to do with accounts."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

import django

from slipway_kit.accounts.prompts import read_email, read_password

from ..settings import Settings


def add_commands(commands: Any) -> None:
    """Add the commands to those of the service."""
    admin = commands.add_parser("admin", help=make_admin.__doc__)
    admin.add_argument("email", help="the address")
    admin.set_defaults(run=make_admin)
    commands.add_parser("prune", help=prune.__doc__).set_defaults(run=prune)


def make_admin(_: Settings, given: argparse.Namespace) -> int:
    """Create an administrator, or promote a user."""
    _set_django_up()
    from .administration import promote  # noqa: PLC0415 -- it wants Django to be set up

    try:
        told = promote(read_email(given.email), read_password)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0


def prune(settings: Settings, _: argparse.Namespace) -> int:
    """Remove old audit entries, expired sessions and tokens, and unverified users."""
    _set_django_up()
    from .administration import remove_old  # noqa: PLC0415 -- it wants Django to be set up

    entries, users = remove_old(settings)
    sys.stdout.write(f"{entries} audit entries and {users} unverified users removed\n")
    return 0


def _set_django_up() -> None:
    package = (__package__ or "").rpartition(".")[0]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{package}.config.settings")
    django.setup()
