"""What users may do: yours to extend, and no update touches it."""

from enum import StrEnum


class Role(StrEnum):
    """What a user may do."""

    USER = "user"
    ADMIN = "admin"
