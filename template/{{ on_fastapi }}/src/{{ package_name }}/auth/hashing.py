"""Passwords: hashed with argon2id, a few at a time, and not on the event loop."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from slipway_kit.passwords import LONGEST, normalized
from slipway_kit.problems import UnavailableError

AT_ONCE = 2
"""How many are hashed at a time: each takes 64 MiB (RFC 9106, second recommended option)."""

MOST_WAITING = 64
"""How many requests may wait for that; further requests get 503."""

RETRY_AFTER_SECONDS = 5


class Verified(NamedTuple):
    """What a comparison found.

    Attributes:
        matches: Whether it is the password.
        renewed: A hash by today's parameters, where the one that is kept has older ones.
    """

    matches: bool
    renewed: str | None


class Passwords:
    """Hashes and compares passwords in threads of its own.

    Args:
        hasher: How; by default argon2id with the library's parameters.
    """

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        self._hashing = PasswordHash((hasher or Argon2Hasher(),))
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords")
        self._waiting = 0
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """Return what to keep of a password.

        Raises:
            ValueError: It is longer than a password can be.
            UnavailableError: Too many wait already.
        """
        _check_length(password)
        return await self._run(lambda: self._hashing.hash(normalized(password)))

    async def verify(self, password: str, kept: str | None) -> Verified:
        """Compare a password with a stored hash.

        Where there is nothing to compare with, as for an unknown user, it takes as long, and does
        not match; nor does a password that is longer than one can be.

        Raises:
            UnavailableError: Too many wait already.
        """
        if kept is None or len(password) > LONGEST:
            await self._run(lambda: self._hashing.verify(normalized(password), self._decoys_hash()))
            return Verified(matches=False, renewed=None)
        return Verified(
            *await self._run(lambda: self._hashing.verify_and_update(normalized(password), kept))
        )

    async def prepare(self) -> None:
        """Make the hash that stands in for those of unknown users, so that the first has it."""
        await self._run(self._decoys_hash)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _decoys_hash(self) -> str:
        if self._decoy is None:
            self._decoy = self._hashing.hash(secrets.token_urlsafe())
        return self._decoy

    async def _run[T](self, work: Callable[[], T]) -> T:
        if self._waiting >= AT_ONCE + MOST_WAITING:
            raise UnavailableError(headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def hash_now(password: str) -> str:
    """Return what to keep of a password, for a command, which has nothing else to do.

    Raises:
        ValueError: It is longer than a password can be.
    """
    _check_length(password)
    return PasswordHash((Argon2Hasher(),)).hash(normalized(password))


def _check_length(password: str) -> None:
    if len(password) > LONGEST:
        raise ValueError(f"a password has at most {LONGEST} characters")
