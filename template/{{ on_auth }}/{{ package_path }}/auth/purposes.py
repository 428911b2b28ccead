"""What tokens are mailed for."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a mailed token is for."""

    VERIFY = "verify"
    RESET = "reset"
