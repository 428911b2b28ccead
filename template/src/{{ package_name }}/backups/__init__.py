"""Backups of the database, by restic: docs/backups.md."""
