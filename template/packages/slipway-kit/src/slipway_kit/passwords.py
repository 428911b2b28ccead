"""What a password is."""

import unicodedata
from functools import cache
from pathlib import Path

SHORTEST = 8
LONGEST = 128
"""How many characters a password has (OWASP, Authentication Cheat Sheet)."""

COMMON = "must not be one of the passwords that are guessed first"
OWN_EMAIL = "must not be the email"

# Those of Django's CommonPasswordValidator that are long enough.
_LIST = Path(__file__).with_name("common_passwords.txt")


@cache
def _common() -> frozenset[str]:
    return frozenset(_LIST.read_text().split())


def is_common(password: str) -> bool:
    """Return whether a password is on the list of common ones (NIST SP 800-63B, 3.1.1.2)."""
    return normalized(password).strip().lower() in _common()


def is_email(password: str, email: str) -> bool:
    """Return whether a password is an email, or what stands before its @."""
    return normalized(password).strip().lower() in {email, email.partition("@")[0]}


def normalized(password: str) -> str:
    """Return the same characters, however a keyboard composes them (NIST SP 800-63B, 3.1.1.2).

    Only as many as a password can have: for some texts it takes the square of their length, and
    keeps all threads waiting.
    """
    return unicodedata.normalize("NFKC", password[:LONGEST])
