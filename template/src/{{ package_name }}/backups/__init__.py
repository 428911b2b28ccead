"""Backups of the database: writing them, restoring them, and proving that they can be restored."""
