"""Backs the database up with restic, and restores it: docs/backups.md."""

from slipway_kit.backups.command import main

from .settings import read_settings

if __name__ == "__main__":
    main(__package__, read_settings, lambda settings: settings.database_url)
