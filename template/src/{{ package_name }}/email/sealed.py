"""Emails as the queue stores them: a reader of its tables, or of a backup, learns no token."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256

from cryptography.fernet import Fernet, MultiFernet

from ..core.mail import Mail


def seal(mail: Mail, keys: Sequence[str]) -> str:
    """Return an email encrypted with the first key."""
    return _fernet(keys).encrypt(json.dumps(asdict(mail)).encode()).decode()


def unseal(sealed: str, keys: Sequence[str]) -> Mail:
    """Return an email that one of the keys encrypted.

    Raises:
        cryptography.fernet.InvalidToken: None of them did.
    """
    return Mail(**json.loads(_fernet(keys).decrypt(sealed)))


def _fernet(keys: Sequence[str]) -> MultiFernet:
    # A key of its own, which no signature tells anything about.
    digests = [sha256(f"email:{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
