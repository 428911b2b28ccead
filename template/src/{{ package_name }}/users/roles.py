"""What users may do."""

from enum import StrEnum


class Role(StrEnum):
    """What a user may do."""

    USER = "user"
    ADMIN = "admin"
