"""What tokens are mailed for."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a mailed token is for."""

    VERIFY = "verify"
    RESET = "reset"


MOST_PENDING = 5
"""Tokens that a user may have for a purpose before no further one is mailed."""

MOST_REGISTERED = 3
"""The same for repeated registrations, so that they leave some for who asks for a further mail."""
