"""Backups of the database, by restic."""
