"""What goes wrong with backups."""


class BackupError(Exception):
    """A backup cannot be made or used; the message says why in one line, and holds no secret."""
