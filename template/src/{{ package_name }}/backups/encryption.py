"""Encryption with age (https://age-encryption.org/v1), so that `age` itself can undo it, too.

Who writes backups needs public keys alone; a stolen host or folder then opens none of them.
"""

import shutil
from collections.abc import Sequence
from io import BufferedIOBase
from typing import Any, BinaryIO, Protocol, cast

import pyrage

from .errors import BackupError

_AT_A_TIME = 2**20
_NOT_DECRYPTED = (pyrage.DecryptError, OSError)
_NO_KEY = (ValueError, pyrage.IdentityError)


class Readable(Protocol):
    """What can be read piece by piece; an empty piece is the end."""

    def read(self, size: int = ..., /) -> bytes:
        """Return at most so many bytes."""


class Writable(Protocol):
    """What can be written piece by piece."""

    def write(self, data: bytes, /) -> int | None:
        """Take the bytes."""

    def flush(self) -> None:
        """Hand on what was taken."""


def recipients_of(keys: Sequence[str]) -> list[Any]:
    """Return what age encrypts for.

    Raises:
        ValueError: A key is none of age's.
    """
    try:
        return [pyrage.x25519.Recipient.from_str(key) for key in keys]
    except pyrage.RecipientError:
        raise ValueError("must be public keys of age, age1...; age-keygen makes them") from None


def identity_of(key: str) -> Any:
    """Return what age decrypts with; comments beside the key, as age-keygen writes them, may stay.

    Raises:
        ValueError: The key is none of age's; the message does not quote it.
    """
    lines = [line.strip() for line in key.splitlines()]
    try:
        (secret,) = (line for line in lines if line and not line.startswith("#"))
        return pyrage.x25519.Identity.from_str(secret)
    except _NO_KEY:
        raise ValueError("must be a private key of age, AGE-SECRET-KEY-1...") from None


def seal(source: Readable, target: Writable, keys: Sequence[str]) -> None:
    """Copy all that can be read, encrypted for the keys; as it is where there is none.

    Raises:
        BackupError: It cannot be read or written.
    """
    if not keys:
        shutil.copyfileobj(source, target, _AT_A_TIME)
        return
    try:
        pyrage.encrypt_io(_stream(source), _stream(target), recipients_of(keys))
    except pyrage.EncryptError as error:
        raise BackupError(f"cannot be written: {error}") from None


def unseal(source: BinaryIO, target: Writable, key: str | None) -> None:
    """Copy all that can be read, decrypted.

    Raises:
        BackupError: There is no key, or another one was used, or a part is missing or altered.
    """
    if key is None:
        raise BackupError("is encrypted: set BACKUP_IDENTITY to the private key")
    try:
        pyrage.decrypt_io(_stream(source), _stream(target), [identity_of(key)])
    except _NOT_DECRYPTED as error:
        raise BackupError(f"cannot be decrypted with BACKUP_IDENTITY: {error}") from None


def _stream(end: Readable | Writable) -> BufferedIOBase:
    # More than a reader's or writer's methods age does not use, whatever its types say.
    return cast("BufferedIOBase", end)
