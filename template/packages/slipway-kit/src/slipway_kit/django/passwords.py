"""How passwords are hashed: argon2id, a few at a time; and the field that stores the hashes."""

from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import models

from ..passwords import LONGEST, normalized

AT_ONCE = 2
"""How many are hashed at a time: each takes 64 MiB (RFC 9106, second recommended option)."""

UNUSABLE = "!"
"""What stands for the hash of a password that cannot be used."""

_places = BoundedSemaphore(AT_ONCE)


class Argon2Hasher(Argon2PasswordHasher):
    """Django's own, with the parameters of RFC 9106, bounded in length and in number."""

    time_cost = 3
    memory_cost = 65536
    parallelism = 4

    def encode(self, password: str, salt: str) -> str:
        """Return what to store of a password.

        Raises:
            ValueError: It is longer than a password can be.
        """
        if len(password) > LONGEST:
            raise ValueError(f"a password has at most {LONGEST} characters")
        with _places:
            return super().encode(normalized(password), salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether it is the password."""
        with _places:
            matches = super().verify(normalized(password), encoded)
        return matches and len(password) <= LONGEST


class PasswordField(models.CharField):  # type: ignore[type-arg] # generic in the stubs only
    """A hash, as Django's hashers have it; the column has argon2's own notation and knows NULL.

    The column is as it was before Django's hashers wrote it, so that a release before them reads
    it, too. NULL stands for a password that cannot be used.
    """

    def from_db_value(self, value: str | None, *_: object) -> str:
        """Return a hash that names its hasher."""
        if value is None:
            return UNUSABLE
        return f"argon2{value}" if value.startswith("$argon2") else value

    def get_prep_value(self, value: str | None) -> str | None:
        """Return what the column has."""
        if value is None or value.startswith(UNUSABLE):
            return None
        return value.removeprefix("argon2") if value.startswith("argon2$") else value
