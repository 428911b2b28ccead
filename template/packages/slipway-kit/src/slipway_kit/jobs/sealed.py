"""Encrypts what the queue stores: its tables, and backups of them, show no token and no address."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256

from cryptography.fernet import Fernet, MultiFernet

from ..mail import Mail


def seal(mail: Mail, keys: Sequence[str]) -> str:
    """Return an email encrypted with the first key."""
    return seal_text(json.dumps(asdict(mail)), keys)


def unseal(sealed: str, keys: Sequence[str]) -> Mail:
    """Return an email that one of the keys encrypted.

    Raises:
        cryptography.fernet.InvalidToken: None of them did.
    """
    return Mail(**json.loads(unseal_text(sealed, keys)))


def seal_text(text: str, keys: Sequence[str]) -> str:
    """Return a text encrypted with the first key, as an address or another secret argument."""
    return _fernet(keys).encrypt(text.encode()).decode()


def unseal_text(sealed: str, keys: Sequence[str]) -> str:
    """Return a text that one of the keys encrypted.

    Raises:
        cryptography.fernet.InvalidToken: None of them did.
    """
    return _fernet(keys).decrypt(sealed).decode()


def _fernet(keys: Sequence[str]) -> MultiFernet:
    # A key of its own, which no signature tells anything about.
    digests = [sha256(f"email:{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
