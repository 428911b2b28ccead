"""What a password is."""

import unicodedata

SHORTEST = 8
LONGEST = 128
"""How many characters a password has (OWASP, Authentication Cheat Sheet)."""


def normalized(password: str) -> str:
    """Return the same characters, however a keyboard composes them (NIST SP 800-63B, 3.1.1.2).

    Only as many as a password can have: for some texts it takes the square of their length, and
    keeps all threads waiting.
    """
    return unicodedata.normalize("NFKC", password[:LONGEST])
